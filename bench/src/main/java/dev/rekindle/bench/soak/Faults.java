package dev.rekindle.bench.soak;

import java.io.IOException;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * Faults at random moments, the next after a time drawn from an exponential distribution: a host
 * process killed (half of them), one stopped for a few seconds, the service killed and started
 * again, a template build killed.
 */
final class Faults {
  private static final String HOST = "HostMain";
  private static final String BUILDER = "BuilderMain";
  private static final long LONGEST_STOP_MILLIS = 4_000;
  private static final long LONGEST_BUILD_MILLIS = 5_000;
  private static final long RECOVERY_SECONDS = 120;

  private final FaultLog log;
  private final Ledger ledger;
  private final SoakProcesses processes;
  private final SoakService service;
  private final Builds builds;
  private final ExecutorService threads;
  private final Random random;
  private final double meanSeconds;
  private int build;

  Faults(
      FaultLog log,
      Ledger ledger,
      SoakProcesses processes,
      SoakService service,
      Builds builds,
      ExecutorService threads,
      Random random,
      double meanSeconds) {
    this.log = log;
    this.ledger = ledger;
    this.processes = processes;
    this.service = service;
    this.builds = builds;
    this.threads = threads;
    this.random = random;
    this.meanSeconds = meanSeconds;
  }

  /** Goes on until then. */
  void until(long endNanos) throws IOException, InterruptedException {
    while (true) {
      double seconds = -Math.log(1 - random.nextDouble()) * meanSeconds;
      long left = endNanos - System.nanoTime();
      Thread.sleep(Math.max(0, Math.min((long) (seconds * 1e3), left / 1_000_000)));
      if (endNanos - System.nanoTime() <= 0) {
        return;
      }
      double which = random.nextDouble();
      if (which < 0.5) {
        killHost();
      } else if (which < 0.65) {
        stopHost();
      } else if (which < 0.8) {
        killService();
      } else {
        killBuild();
      }
    }
  }

  private SoakProcesses.Found any(List<SoakProcesses.Found> of) {
    return of.isEmpty() ? null : of.get(random.nextInt(of.size()));
  }

  private void killHost() {
    SoakProcesses.Found host = any(processes.running(HOST));
    if (host != null) {
      FaultLog.Over fault = log.begin(FaultLog.Kind.HOST_KILLED);
      kill(host);
      threads.submit(() -> {
        awaitReady();
        fault.over();
        return null;
      });
    }
  }

  private void awaitReady() throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(RECOVERY_SECONDS);
    while (!service.isReady() && System.nanoTime() - deadline < 0) {
      Thread.sleep(50);
    }
  }

  private static void kill(SoakProcesses.Found process) {
    ProcessHandle.of(process.pid()).ifPresent(ProcessHandle::destroyForcibly);
  }

  private void stopHost() throws IOException, InterruptedException {
    SoakProcesses.Found host = any(processes.running(HOST));
    if (host == null) {
      return;
    }
    long millis = 1 + random.nextLong(LONGEST_STOP_MILLIS);
    FaultLog.Over fault = log.begin(FaultLog.Kind.HOST_STOPPED);
    signal("STOP", host);
    threads.submit(() -> {
      Thread.sleep(millis);
      signal("CONT", host);
      fault.over();
      return null;
    });
  }

  /** Whether it is still there does not matter. */
  private static void signal(String name, SoakProcesses.Found process)
      throws IOException, InterruptedException {
    new ProcessBuilder("kill", "-" + name, Long.toString(process.pid()))
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .start()
        .waitFor();
  }

  private void killService() throws IOException, InterruptedException {
    FaultLog.Over fault = log.begin(FaultLog.Kind.SERVICE_KILLED);
    service.kill();
    service.start();
    fault.over();
  }

  /** At any moment between its start and its end. */
  private void killBuild() throws InterruptedException {
    int number = ++build;
    long from = log.now();
    threads.submit(() -> {
      Answer answer = builds.run(number);
      boolean excused =
          answer instanceof Answer.Unreachable && log.wasServiceDownSince(from)
              || answer instanceof Answer.Refused;
      if (!excused) {
        ledger.broken("a build ended with " + answer);
      }
      return null;
    });
    Thread.sleep(1 + random.nextLong(LONGEST_BUILD_MILLIS));
    SoakProcesses.Found builder = any(processes.running(BUILDER));
    if (builder != null) {
      FaultLog.Over fault = log.begin(FaultLog.Kind.BUILD_KILLED);
      kill(builder);
      fault.over();
    }
  }
}
