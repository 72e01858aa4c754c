package dev.rekindle.pool.jail;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** The programs the jail is made with, and how they are called. */
final class Programs {
  private static final List<String> FOLDERS =
      List.of("/usr/bin", "/bin", "/usr/sbin", "/sbin", "/usr/local/bin");
  private static final int SECONDS = 20;

  private Programs() {}

  /** How a program ended. */
  record Ended(int exitCode, String output) {}

  /** Not from {@code PATH}: what makes the jail is not found by whoever starts the service. */
  static Optional<Path> find(String name) {
    return FOLDERS.stream()
        .map(folder -> Path.of(folder, name))
        .filter(Files::isExecutable)
        .findFirst();
  }

  /** Runs to the end, both streams as one. */
  static Ended run(List<String> command) throws IOException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    try {
      process.getOutputStream().close();
      byte[] output = process.getInputStream().readNBytes(1 << 20);
      if (!process.waitFor(SECONDS, TimeUnit.SECONDS)) {
        throw new IOException(command.getFirst() + " did not end within " + SECONDS + " s");
      }
      return new Ended(process.exitValue(), new String(output, StandardCharsets.UTF_8).strip());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    } finally {
      process.destroyForcibly();
    }
  }
}
