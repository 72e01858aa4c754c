package dev.rekindle.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;

/**
 * Memory, as {@code floor/restore_limit.c} counts it.
 *
 * @param pssKib of this process, shared pages divided among their users
 * @param kernelKib of the whole machine's kernel: slabs, stacks, page tables, those of VMs included
 */
record MemoryUse(long pssKib, long kernelKib) {
  private static final Set<String> KERNEL =
      Set.of("Slab", "KernelStack", "PageTables", "SecPageTables", "Percpu", "VmallocUsed");

  /** Now, after a collection. */
  static MemoryUse now() {
    System.gc();
    return new MemoryUse(
        sum(Path.of("/proc/self/smaps_rollup"), Set.of("Pss")),
        sum(Path.of("/proc/meminfo"), KERNEL));
  }

  private static long sum(Path file, Set<String> names) {
    try {
      return Files.readAllLines(file).stream()
          .map(line -> line.split(":?\\s+"))
          .filter(words -> names.contains(words[0]))
          .mapToLong(words -> Long.parseLong(words[1]))
          .sum();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** What came on top of an earlier measurement, for each of so many VMs. */
  MemoryUse each(MemoryUse before, int vms) {
    return new MemoryUse((pssKib - before.pssKib) / vms, (kernelKib - before.kernelKib) / vms);
  }

  long totalKib() {
    return pssKib + kernelKib;
  }
}
