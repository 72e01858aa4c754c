package dev.rekindle.bench;

import dev.rekindle.vmm.probe.KvmProbe;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Locale;

/**
 * What a number was measured on; without it the number says nothing.
 *
 * @param cpu model, as {@code /proc/cpuinfo} has it
 * @param cores processors this process may use
 * @param kernel release of the host's
 * @param kvm {@code native}, {@code emulated} (guest instructions by software) or {@code none}
 * @param lab whether the host is the lab, an emulated machine: only ratios count there
 * @param jdk version and vendor
 * @param date UTC, to the second
 */
record MachineFacts(
    String cpu, int cores, String kernel, String kvm, boolean lab, String jdk, String date) {

  /** Looks, a short guest in a VM included. */
  static MachineFacts here() {
    return new MachineFacts(
        cpuModel(lines("/proc/cpuinfo")),
        Runtime.getRuntime().availableProcessors(),
        String.join("", lines("/proc/sys/kernel/osrelease")),
        kind(KvmProbe.run()),
        "1".equals(System.getenv("REKINDLE_IN_LAB")),
        Runtime.version() + " " + System.getProperty("java.vendor"),
        Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
  }

  /**
   * @param cpuinfo lines of {@code /proc/cpuinfo}
   * @return the first processor's model, or {@code unknown}
   */
  static String cpuModel(List<String> cpuinfo) {
    return cpuinfo.stream()
        .filter(line -> line.matches("model name\\s*:.*"))
        .map(line -> line.substring(line.indexOf(':') + 1).strip())
        .findFirst()
        .orElse("unknown");
  }

  static String kind(KvmProbe probe) {
    if (!probe.usable()) {
      return "none";
    }
    return probe.runsLinux() ? "native" : "emulated";
  }

  private static List<String> lines(String file) {
    try {
      return Files.readAllLines(Path.of(file));
    } catch (IOException e) {
      return List.of();
    }
  }

  /**
   * @return one line of JSON, an object with the one field {@code machine}
   */
  String json() {
    return String.format(
        Locale.ROOT,
        "{\"machine\":{\"cpu\":\"%s\",\"cores\":%d,\"kernel\":\"%s\",\"kvm\":\"%s\",\"lab\":%b,"
            + "\"jdk\":\"%s\",\"date\":\"%s\"}}",
        escaped(cpu),
        cores,
        escaped(kernel),
        kvm,
        lab,
        escaped(jdk),
        date);
  }

  /**
   * @return the same for people
   */
  String text() {
    return String.format(
        Locale.ROOT,
        "%s, %d cores, Linux %s, KVM %s%s, JDK %s, %s",
        cpu,
        cores,
        kernel,
        kvm,
        lab ? " in the lab" : "",
        jdk,
        date);
  }

  /** For a JSON string; what is not printable ASCII becomes a question mark. */
  static String escaped(String text) {
    return text.replaceAll("[^ -~]", "?").replace("\\", "\\\\").replace("\"", "\\\"");
  }
}
