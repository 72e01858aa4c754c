package dev.rekindle.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code rekindle doctor}: what this machine has, what is missing, and the fix. */
@Command(
    name = "doctor",
    mixinStandardHelpOptions = true,
    description = "Checks this machine; exit code 2 if something needed is missing.")
final class DoctorCommand implements Callable<Integer> {
  private static final long MIN_DISK_BYTES = 8L << 30;
  private static final long MIN_MEMORY_KIB = 6L << 20;

  @Option(names = "--json", description = "print the checks as JSON")
  private boolean json;

  /** One check; a failed one that is not required only costs something. */
  private record Check(String name, boolean ok, boolean required, String found, String fix) {}

  @Override
  public Integer call() throws IOException {
    Commands commands = new Commands();
    List<Check> checks = new ArrayList<>();
    kvm(commands.service.probe(), checks);
    checks.add(
        check(
            "cgroup v2",
            Files.exists(Path.of("/sys/fs/cgroup/cgroup.controllers")),
            false,
            "mount cgroup2 at /sys/fs/cgroup"));
    Path state = commands.settings.state();
    Path there = state;
    while (!Files.exists(there)) {
      there = there.getParent();
    }
    long free = Files.getFileStore(there).getUsableSpace();
    checks.add(
        new Check(
            "disk room",
            free >= MIN_DISK_BYTES,
            true,
            (free >> 30) + " GiB free under " + there,
            "make 8 GiB free, or set REKINDLE_STATE to a larger disk"));
    long memory = memoryKib();
    checks.add(
        new Check(
            "memory",
            memory >= MIN_MEMORY_KIB,
            true,
            (memory >> 20) + " GiB available",
            "make 6 GiB available"));
    for (String tool : List.of("cc", "mkfs.erofs", "qemu-system-x86_64", "busybox", "socat")) {
      checks.add(check(tool, onPath(tool), true, "install it: ./rekindle installs it as root"));
    }
    return report(commands, checks);
  }

  private static void kvm(JsonNode probe, List<Check> checks) {
    boolean usable = probe.path("usable").asBoolean();
    boolean linux = probe.path("runsLinux").asBoolean();
    long speed = probe.path("instructionsPerSecond").asLong();
    String problem = probe.path("problem").asText();
    checks.add(
        new Check(
            "/dev/kvm",
            usable,
            false,
            usable ? "runs guests" : problem,
            "load kvm_intel or kvm_amd, join the group kvm; without it the lab is used"));
    checks.add(
        new Check(
            "KVM runs Linux",
            linux,
            false,
            speed + " guest instructions a second",
            "a host with VMX or SVM; here Linux guests run in the lab"));
  }

  private static Check check(String name, boolean ok, boolean required, String fix) {
    return new Check(name, ok, required, ok ? "there" : "missing", fix);
  }

  private static boolean onPath(String tool) {
    for (String dir : (System.getenv("PATH") + ":/usr/sbin:/sbin").split(":")) {
      if (Files.isExecutable(Path.of(dir, tool))) {
        return true;
      }
    }
    return false;
  }

  private static long memoryKib() throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/meminfo"))) {
      if (line.startsWith("MemAvailable:")) {
        return Long.parseLong(line.replaceAll("[^0-9]", ""));
      }
    }
    return 0;
  }

  private int report(Commands commands, List<Check> checks) {
    boolean failed = checks.stream().anyMatch(c -> c.required && !c.ok);
    if (json) {
      ObjectNode reply = ApiClient.JSON.createObjectNode().put("ok", !failed);
      ArrayNode all = reply.putArray("checks");
      checks.forEach(c ->
          all.addObject()
              .put("name", c.name)
              .put("ok", c.ok)
              .put("required", c.required)
              .put("found", c.found)
              .put("fix", c.ok ? "" : c.fix));
      commands.console.result(reply);
    } else {
      for (Check c : checks) {
        String mark = c.ok ? "ok  " : c.required ? "FAIL" : "note";
        System.out.printf("%s  %-20s %s%s%n", mark, c.name, c.found, c.ok ? "" : "; " + c.fix);
      }
    }
    return failed ? ExitCodes.USAGE : 0;
  }
}
