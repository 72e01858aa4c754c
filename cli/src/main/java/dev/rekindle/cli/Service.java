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

  private static final String AWAIT_LAB_SERVICE =
      "i=0; while " + LAB_SERVICE_LIVES + " && [ $i -lt 100 ]; do sleep 0.2; i=$((i+1)); done";

  private final Settings settings;
  private final Console console;

  Service(Settings settings, Console console) {
    this.settings = settings;
    this.console = console;
  }

  /**
   * Has the service that runs end for another one, which takes its leases over; brings one up where
   * none does.
   */
  void replace(LabMode mode) throws IOException {
    ApiClient client = settings.client();
    if (!client.reachable()) {
      up(mode);
      return;
    }
    boolean lab = isLabUp();
    ApiClient.Reply asked = client.request("POST", "/v1/handover", null, Map.of());
    if (asked.status() != 202) {
      throw new CliException(ExitCodes.FAILED, "the service does not hand over: " + asked.body());
    }
    console.progress("service", "hand over", 30, "the service that runs ends; its leases go on");
    if (lab) {
      run(Map.of(), lab(), "sh", AWAIT_LAB_SERVICE);
      startInLab();
    } else {
      awaitEnd(asked.body().path("pid").asLong());
      startHere();
    }
  }

  private static void awaitEnd(long pid) {
    ProcessHandle.of(pid).ifPresent(p -> p.onExit().orTimeout(30, TimeUnit.SECONDS).join());
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
                + " a QEMU machine under software emulation (its times say nothing of a real"
                + " host)");
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
    command.addAll(caches());
    command.addAll(
        List.of(
            "@" + settings.home().resolve("scripts/service.jvmargs"),
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-Xmx256m",
            "-XX:-UsePerfData",
            "-cp",
            settings.serviceClassPath(),
            "dev.rekindle.pool.PoolMain",
            "--listen",
            listen,
            "--state",
            state.toString()));
    settings
        .tls()
        .ifPresent(tls -> {
          command.addAll(List.of("--tls-cert", tls.certificate().toString()));
          tls.key().ifPresent(key -> command.addAll(List.of("--tls-key", key.toString())));
        });
    return command;
  }

  /** Classes that {@code rekindle build} loaded and linked beforehand, where it could. */
  private List<String> caches() {
    Path target = settings.home().resolve("target");
    Path service = target.resolve("service.aot");
    List<String> arguments = new ArrayList<>();
    arguments.add("-Drekindle.host.aot=" + target.resolve("host.aot"));
    if (Files.isReadable(service)) {
      arguments.addAll(List.of("-Xlog:all=error:stderr", "-XX:AOTCache=" + service));
    }
    return arguments;
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
            // The machine around it is the jail, and starting each process in one of its own takes
            // an
            // emulated processor a minute.
            + " --jail never --operator-key /lab/share/operator.key"
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
      run(Map.of(), lab(), "sh", "kill $(cat /run/rekindle.pid); " + AWAIT_LAB_SERVICE + "; sync");
      run(Map.of(), lab(), "down");
      return true;
    }
    if (!settings.client().reachable()) {
      return false;
    }
    ApiClient.Reply status = settings.client().get("/v1/status");
    if (!status.ok()) {
      throw new CliException(ExitCodes.FAILED, Commands.problem(status.body()));
    }
    long pid = status.body().path("pid").asLong();
    ProcessHandle.of(pid).ifPresent(ProcessHandle::destroy);
    awaitEnd(pid);
    return true;
  }

  static boolean isLabUp() {
    Path pid = labDir().resolve("qemu.pid");
    try {
      return Files.exists(pid)
          && ProcessHandle.of(Long.parseLong(Files.readString(pid).strip()))
              .map(ProcessHandle::isAlive)
              .orElse(false);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  Path log() {
    return isLabUp()
        ? labDir().resolve("share/service.log")
        : settings.state().resolve("logs/service.log");
  }
}
