package dev.rekindle.bench.soak;

import dev.rekindle.pool.PoolMain;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** The service, started again and again on one state directory and port. Thread: one at a time. */
final class SoakService {
  private static final Duration START_LIMIT = Duration.ofSeconds(180);
  private static final Duration STOP_LIMIT = Duration.ofSeconds(60);

  private final List<String> command = new ArrayList<>();
  private final Path log;
  private final Map<String, String> environment;
  private final HttpApi api;
  private Process process;

  /**
   * @param options of the JVM
   * @param state its state directory
   * @param port it listens on
   * @param environment added to ours
   * @param api a client of it
   */
  SoakService(
      List<String> options, Path state, int port, Map<String, String> environment, HttpApi api) {
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(options);
    command.addAll(
        List.of(
            "-cp",
            System.getProperty("java.class.path"),
            PoolMain.class.getName(),
            "--state",
            state.toString(),
            "--listen",
            "127.0.0.1:" + port));
    log = state.resolve("logs/service.log");
    this.environment = Map.copyOf(environment);
    this.api = api;
  }

  /** Starts it, and waits until it is ready. */
  void start() throws IOException, InterruptedException {
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().putAll(environment);
    process =
        builder
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
            .redirectErrorStream(true)
            .start();
    process.getOutputStream().close();
    long deadline = System.nanoTime() + START_LIMIT.toNanos();
    while (!isReady()) {
      if (!process.isAlive()) {
        throw new IOException("the service ended, exit code " + process.exitValue() + "; " + log);
      }
      if (System.nanoTime() - deadline > 0) {
        throw new IOException("the service was not ready within " + START_LIMIT + "; " + log);
      }
      Thread.sleep(50);
    }
  }

  boolean isReady() {
    return api.call(Call.of("GET", "/readyz", "")) instanceof Answer.Done;
  }

  /** As {@code kill -9}. */
  void kill() throws InterruptedException {
    process.destroyForcibly();
    process.waitFor();
  }

  /** As an operator stops it. */
  void stop() throws IOException, InterruptedException {
    process.destroy();
    if (!process.waitFor(STOP_LIMIT.toMillis(), TimeUnit.MILLISECONDS)) {
      kill();
      throw new IOException("the service did not stop within " + STOP_LIMIT + "; " + log);
    }
  }

  /** Ends it whatever happens, if it runs. */
  void end() {
    if (process != null) {
      process.destroyForcibly();
    }
  }
}
