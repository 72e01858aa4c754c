package dev.rekindle.bench.soak;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What the machine holds, by kind, as far as a soak could have made it. A name may be there several
 * times. Immutable.
 *
 * @param names by kind, then by name how often
 * @param availableKib {@code MemAvailable}
 * @param slabKib {@code SUnreclaim}
 * @param totalKib {@code MemTotal}
 */
record Holdings(
    Map<String, Map<String, Integer>> names, long availableKib, long slabKib, long totalKib) {
  /** Kinds, in the order of the report; memory comes on top. */
  static final List<String> KINDS = List.of("process", "cgroup", "mount", "socket", "tap", "file");

  /**
   * What available memory may sink by: the JVM's code in the page cache, the kernel's own caches.
   */
  static final long MEMORY_TOLERANCE_KIB = 64L << 10;

  /** What unreclaimable slabs may grow by. */
  static final long SLAB_TOLERANCE_KIB = 16L << 10;

  static final String MEMORY = "memoryMib";

  /**
   * What is more than it was.
   *
   * @param before an earlier state
   * @return by kind; every kind is there
   */
  Map<String, List<String>> beyond(Holdings before) {
    Map<String, List<String>> more = new LinkedHashMap<>();
    for (String kind : KINDS) {
      List<String> of = new ArrayList<>();
      Map<String, Integer> was = before.names.getOrDefault(kind, Map.of());
      new TreeMap<>(names.getOrDefault(kind, Map.of()))
          .forEach((name, count) -> {
            for (int i = was.getOrDefault(name, 0); i < count; i++) {
              of.add(name);
            }
          });
      more.put(kind, of);
    }
    return more;
  }

  /**
   * Memory that is gone beyond the tolerances: what is available sank, or slabs grew.
   *
   * @param before an earlier state
   * @param alone whether nobody else uses the machine; others' use would count otherwise
   * @return MiB, the larger of the two; 0 if neither
   */
  long memoryMibBeyond(Holdings before, boolean alone) {
    long tolerance = alone ? MEMORY_TOLERANCE_KIB : Math.max(MEMORY_TOLERANCE_KIB, totalKib / 20);
    long slabTolerance = alone ? SLAB_TOLERANCE_KIB : Math.max(SLAB_TOLERANCE_KIB, totalKib / 100);
    long sunk = before.availableKib - availableKib - tolerance;
    long grown = slabKib - before.slabKib - slabTolerance;
    return (Math.max(0, Math.max(sunk, grown)) + 1023) >> 10;
  }
}
