package dev.rekindle.snapshotter.image;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Runs programs of the host, each with a bounded time and a bounded output. Blocks. */
final class HostTool {
  private static final int MAX_OUTPUT_BYTES = 4 << 20;
  private static final int TAIL_CHARACTERS = 2000;

  private HostTool() {}

  /** What a program said: both streams, and how it ended. */
  record Outcome(int exitCode, String output) {
    String tail() {
      String text = output.strip();
      return text.substring(Math.max(0, text.length() - TAIL_CHARACTERS));
    }
  }

  /**
   * Runs a program that must succeed.
   *
   * @return its output
   * @throws ImageException {@code image.tool_missing}, {@code image.tool_failed}, {@code
   *     image.no_space}
   */
  static String require(Duration limit, Path directory, List<String> command)
      throws ImageException, InterruptedException {
    Outcome outcome = run(limit, directory, command);
    if (outcome.exitCode() != 0) {
      throw failed(command.getFirst(), outcome);
    }
    return outcome.output();
  }

  static ImageException failed(String program, Outcome outcome) {
    boolean full = outcome.output().contains("No space left on device");
    return new ImageException(
        full ? ImageException.NO_SPACE : "image.tool_failed",
        program + " exited with " + outcome.exitCode() + ": " + outcome.tail());
  }

  /** Runs a program; its standard input is empty. */
  static Outcome run(Duration limit, Path directory, List<String> command)
      throws ImageException, InterruptedException {
    Process process = start(directory, command, true);
    // A reader of its own, so that a silent program that hangs is still ended in time.
    ByteArrayOutputStream output = new ByteArrayOutputStream();
    Thread reader = Thread.ofVirtual().start(() -> drain(process.getInputStream(), output));
    try {
      if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
        throw new ImageException(
            "image.tool_failed",
            command.getFirst() + " was still running after " + limit.toSeconds() + " s");
      }
      reader.join(Duration.ofSeconds(10));
      synchronized (output) {
        return new Outcome(process.exitValue(), output.toString(StandardCharsets.UTF_8));
      }
    } finally {
      process.destroyForcibly();
    }
  }

  /** Starts a program; the caller ends it. */
  static Process start(Path directory, List<String> command, boolean mergeErrors)
      throws ImageException {
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(mergeErrors);
    if (!mergeErrors) {
      builder.redirectError(ProcessBuilder.Redirect.DISCARD);
    }
    builder.redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()));
    builder.environment().put("LC_ALL", "C.UTF-8");
    builder.environment().put("DEBIAN_FRONTEND", "noninteractive");
    String path = builder.environment().getOrDefault("PATH", "");
    builder.environment().put("PATH", path + ":/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin");
    if (directory != null) {
      builder.directory(directory.toFile());
    }
    try {
      return builder.start();
    } catch (IOException e) {
      throw new ImageException(
          "image.tool_missing",
          "cannot run "
              + command.getFirst()
              + ": "
              + e.getMessage()
              + "; the host needs the packages of scripts/debian-packages.txt",
          e);
    }
  }

  private static void drain(InputStream in, ByteArrayOutputStream output) {
    byte[] chunk = new byte[8192];
    try (in) {
      for (int n = in.read(chunk); n >= 0; n = in.read(chunk)) {
        synchronized (output) {
          if (output.size() + n <= MAX_OUTPUT_BYTES) {
            output.write(chunk, 0, n);
          }
        }
      }
    } catch (IOException e) {
      // The program was ended while it wrote; what came before is kept.
      return;
    }
  }
}
