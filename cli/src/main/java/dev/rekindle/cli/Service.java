package dev.rekindle.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Starts and stops the service: on this host where its KVM runs Linux, in the lab otherwise. */
final class Service {
  /** Where the service runs. */
  enum LabMode {
    auto,
    always,
    never
  }

  private static final int NATIVE_SECONDS = 60;
  private static final int LAB_SECONDS = 600;
  private static final String LAB_SERVICE_LIVES =
      "kill -0 \"$(cat /run/rekindle.pid 2>/dev/null)\" 2>/dev/null";

  private final Settings settings;
  private final Console console;

  Service(Settings settings, Console console) {
    this.settings = settings;
    this.console = console;
  }

  /** Brings the service up unless it is. */
  void up(LabMode mode) {
    if (settings.client().reachable()) {
      return;
    }
    boolean lab =
        switch (mode) {
          case always -> true;
          case never -> false;
          case auto -> !kvmRunsLinux();
        };
    try {
      if (lab) {
        console.say(
            "this host's KVM cannot run Linux guests at native speed; the service runs in the lab,"
                + " a QEMU machine under software emulation (its times say nothing of a real host)");
        startInLab();
      } else {
        startHere();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private boolean kvmRunsLinux() {
    return probe().path("runsLinux").asBoolean();
  }

  /** What this host's KVM is worth, found out by a process that may touch it. */
  JsonNode probe() {
    try {
      Process process =
          new ProcessBuilder(
                  settings.java(),
                  "--enable-native-access=ALL-UNNAMED",
                  "-XX:TieredStopAtLevel=1",
                  "-XX:+UseSerialGC",
                  "-cp",
                  settings.serviceClassPath(),
                  "dev.rekindle.vmm.probe.KvmProbeMain")
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      byte[] out = process.getInputStream().readAllBytes();
      return out.length == 0 ? ApiClient.JSON.createObjectNode() : ApiClient.JSON.readTree(out);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private List<String> command(Path state, String listen) {
    List<String> command = new ArrayList<>();
    command.add(settings.java());
    command.addAll(
        List.of(
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-Xmx256m",
            "-cp",
            settings.serviceClassPath(),
            "dev.rekindle.pool.PoolMain",
            "--listen",
            listen,
            "--state",
            state.toString()));
    return command;
  }

  private void startHere() throws IOException {
    Path log = Files.createDirectories(settings.state().resolve("logs")).resolve("service.log");
    Process process =
        new ProcessBuilder(command(settings.state(), settings.host() + ":" + settings.port()))
            .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
            .redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()))
            .start();
    awaitReady(NATIVE_SECONDS, process, log.toString());
  }

  private void startInLab() throws IOException {
    console.progress("lab", "images", 10, "preparing the default templates' images on this host");
    prepareImages();
    console.progress("lab", "machine", 40, "starting the machine");
    run(Map.of("REKINDLE_LAB_HTTP_PORT", Integer.toString(settings.port())), lab(), "up");
    console.progress("lab", "service", 70, "starting the service in it");
    Path state = Path.of("/var/lib/rekindle");
    String script =
        "[ -e /var/lib/rekindle/images ] || ln -s /lab/share/images /var/lib/rekindle/images; "
            + LAB_SERVICE_LIVES
            + " || { cd /var/lib/rekindle; setsid "
            + String.join(" ", command(state, "0.0.0.0:7070"))
            + " >> /lab/share/service.log 2>&1 < /dev/null & echo $! > /run/rekindle.pid; }";
    run(Map.of(), lab(), "sh", script);
    awaitReady(LAB_SECONDS, null, labDir().resolve("share/service.log").toString());
  }

  private void prepareImages() throws IOException {
    Path share = Files.createDirectories(labDir().resolve("share"));
    Process process =
        new ProcessBuilder(
                settings.java(),
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                settings.serviceClassPath(),
                "dev.rekindle.snapshotter.template.ImagesMain",
                "prepare",
                "--state",
                share.toString(),
                "base",
                "python")
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try (var out = process.inputReader()) {
      for (String line = out.readLine(); line != null; line = out.readLine()) {
        JsonNode node = ApiClient.JSON.readTree(line);
        if (node.has("error")) {
          throw new CliException(ExitCodes.FAILED, node.get("error").toString());
        }
        console.progress(
            "images",
            node.path("stage").asText(),
            node.path("percent").asInt(),
            node.path("message").asText());
      }
    }
  }

  private String lab() {
    return settings.home().resolve("lab/lab").toString();
  }

  static Path labDir() {
    String dir = System.getenv("REKINDLE_LAB_DIR");
    if (dir != null) {
      return Path.of(dir);
    }
    String cache = System.getenv("XDG_CACHE_HOME");
    String home = System.getProperty("user.home");
    return Path.of(cache == null ? home + "/.cache" : cache, "rekindle", "lab");
  }

  private static void run(Map<String, String> environment, String... command) throws IOException {
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().putAll(environment);
    // Standard output is for the result alone; the lab tells its progress on standard error.
    builder.redirectOutput(ProcessBuilder.Redirect.DISCARD);
    builder.redirectError(ProcessBuilder.Redirect.INHERIT);
    Process process = builder.start();
    process.getOutputStream().close();
    try {
      if (process.waitFor() != 0) {
        throw new CliException(
            ExitCodes.FAILED, String.join(" ", command[0], command[1]) + " failed");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CliException(ExitCodes.FAILED, "interrupted");
    }
  }

  private void awaitReady(int seconds, Process process, String log) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
    while (!settings.client().reachable()) {
      if (process != null && !process.isAlive() || System.nanoTime() > deadline) {
        throw new CliException(ExitCodes.FAILED, "the service did not come up; its log is " + log);
      }
      try {
        Thread.sleep(50);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new CliException(ExitCodes.FAILED, "interrupted");
      }
    }
    console.clearBar();
  }

  /** Stops the service, and the lab if it runs there; false if nothing was up. */
  boolean down() throws IOException {
    boolean lab = isLabUp();
    if (lab) {
      run(
          Map.of(),
          lab(),
          "sh",
          "kill $(cat /run/rekindle.pid); i=0; while "
              + LAB_SERVICE_LIVES
              + " && [ $i -lt 100 ]; do sleep 0.2; i=$((i+1)); done; sync");
      run(Map.of(), lab(), "down");
      return true;
    }
    if (!settings.client().reachable()) {
      return false;
    }
    long pid = settings.client().get("/v1/status").body().path("pid").asLong();
    ProcessHandle.of(pid).ifPresent(ProcessHandle::destroy);
    ProcessHandle.of(pid).ifPresent(p -> p.onExit().orTimeout(30, TimeUnit.SECONDS).join());
    return true;
  }

  boolean isLabUp() throws IOException {
    Path pid = labDir().resolve("qemu.pid");
    return Files.exists(pid)
        && ProcessHandle.of(Long.parseLong(Files.readString(pid).strip()))
            .map(ProcessHandle::isAlive)
            .orElse(false);
  }

  Path log() throws IOException {
    return isLabUp()
        ? labDir().resolve("share/service.log")
        : settings.state().resolve("logs/service.log");
  }
}
