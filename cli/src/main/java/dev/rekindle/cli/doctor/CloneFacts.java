package dev.rekindle.cli.doctor;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What one sandbox said of itself: the output of {@link #SCRIPT}, in parts by name, each of whose
 * lines is one value. A part that is missing or empty has no lines.
 *
 * @param lease its id
 * @param parts by name
 * @param clock how far its wall clock is from ours
 */
public record CloneFacts(String lease, Map<String, List<String>> parts, ClockSkew clock) {
  /** For a POSIX shell in the guest; needs no program but cat, head, od and, if there, python3. */
  public static final String SCRIPT =
      """
      part() { echo "@$1"; }
      part urandom; head -c 32 /dev/urandom | od -An -v -tx1 | while read -r line; do printf %s "$line"; done; echo
      part machine-id; cat /etc/machine-id
      part boot-id; cat /proc/sys/kernel/random/boot_id
      part hostname; cat /proc/sys/kernel/hostname
      part uuid; cat /proc/sys/kernel/random/uuid
      part lease; cat /run/rekindle/lease
      part mac; for i in /sys/class/net/*; do [ "${i##*/}" = lo ] || cat "$i/address"; done
      part fib; cat /proc/net/fib_trie
      part inet6; cat /proc/net/if_inet6
      for i in tcp tcp6 udp udp6 unix; do part "$i"; cat "/proc/net/$i"; done
      part python
      if command -v python3 > /dev/null; then
        python3 -c 'import random,uuid; print(random.getrandbits(64)); print(uuid.uuid4().hex); print(hash("rekindle"))'
      fi
      exit 0
      """;

  /** Seconds since 1970, a point, nanoseconds; a busybox without them prints something else. */
  public static final List<String> CLOCK_COMMAND = List.of("date", "+%s.%N");

  /** Copies the parts. */
  public CloneFacts {
    parts = Map.copyOf(parts);
  }

  /**
   * @param lease its id
   * @param output of {@link #SCRIPT}
   * @param clock measured apart
   * @return the same in parts
   */
  public static CloneFacts of(String lease, String output, ClockSkew clock) {
    Map<String, List<String>> parts = new LinkedHashMap<>();
    List<String> part = new ArrayList<>();
    for (String line : output.lines().toList()) {
      if (line.startsWith("@")) {
        part = new ArrayList<>();
        parts.put(line.substring(1), part);
      } else if (!line.isBlank()) {
        part.add(line.strip());
      }
    }
    return new CloneFacts(lease, parts, clock);
  }

  /** The lines of a part. */
  List<String> lines(String part) {
    return parts.getOrDefault(part, List.of());
  }

  /** The addresses that are its own, without those of the loopback device. */
  List<String> addresses() {
    List<String> found = new ArrayList<>();
    String candidate = "";
    for (String line : lines("fib")) {
      if (line.startsWith("|-- ")) {
        candidate = line.substring("|-- ".length());
      } else if (line.endsWith("host LOCAL") && !candidate.startsWith("127.")) {
        found.add(candidate);
      }
    }
    for (String line : lines("inet6")) {
      String[] fields = line.split("\\s+");
      if (fields.length == 6 && !fields[5].equals("lo")) {
        found.add(fields[0]);
      }
    }
    return found.stream().distinct().toList();
  }

  /**
   * Sockets with a peer. Of {@code /proc/net/tcp} and its like the third field is the peer, whose
   * port is 0 if there is none; of {@code /proc/net/unix} the sixth is the state, 3 if connected.
   */
  List<String> connections() {
    List<String> found = new ArrayList<>();
    for (String table : List.of("tcp", "tcp6", "udp", "udp6")) {
      for (String line : lines(table)) {
        String[] fields = line.split("\\s+");
        if (fields.length > 3 && fields[0].endsWith(":") && !fields[2].endsWith(":0000")) {
          found.add(table + " to " + fields[2]);
        }
      }
    }
    for (String line : lines("unix")) {
      String[] fields = line.split("\\s+");
      if (fields.length >= 7 && fields[5].equals("03")) {
        found.add("unix" + (fields.length > 7 ? " " + fields[7] : ""));
      }
    }
    return found;
  }
}
