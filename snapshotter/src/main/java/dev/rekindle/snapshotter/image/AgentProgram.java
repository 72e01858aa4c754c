package dev.rekindle.snapshotter.image;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** The guest agent: its sources travel in this jar and are compiled on the host, statically. */
public final class AgentProgram {
  private static final String DIRECTORY = "/dev/rekindle/snapshotter/guest/agent/";
  private static final List<String> SOURCES =
      List.of(
          "agent.h",
          "boot.c",
          "cgroup.c",
          "conn.c",
          "exec.c",
          "identity.c",
          "log.c",
          "loop.c",
          "main.c",
          "modules.c",
          "root.c",
          "spawn.c",
          "wire.c");
  private static final List<String> FLAGS =
      List.of("-std=gnu11", "-O2", "-static", "-s", "-Wall", "-Wextra", "-Werror");
  private static final Duration LIMIT = Duration.ofMinutes(5);

  private AgentProgram() {}

  /** Feeds all that decides what the program does into a digest. */
  static void digest(MessageDigest digest) {
    FLAGS.forEach(flag -> digest.update(flag.getBytes(StandardCharsets.UTF_8)));
    SOURCES.forEach(name -> digest.update(source(name)));
  }

  /**
   * Compiles the agent.
   *
   * @param workDirectory exists; the sources and the program are left there
   * @param extraFlags for gcc
   * @return the program
   * @throws ImageException {@code image.tool_missing} without gcc or libc's static library, {@code
   *     image.no_space}
   * @throws InterruptedException if the thread was interrupted; the compiler is stopped
   */
  public static Path compile(Path workDirectory, List<String> extraFlags)
      throws ImageException, InterruptedException {
    Path program = workDirectory.resolve("rekindle-agent");
    List<String> command = new ArrayList<>(List.of("gcc"));
    command.addAll(FLAGS);
    command.addAll(extraFlags);
    command.addAll(List.of("-o", program.toString()));
    try {
      for (String name : SOURCES) {
        Files.write(workDirectory.resolve(name), source(name));
        if (name.endsWith(".c")) {
          command.add(name);
        }
      }
    } catch (IOException e) {
      throw Failures.writing(workDirectory, e);
    }
    HostTool.require(LIMIT, workDirectory, command);
    return program;
  }

  private static byte[] source(String name) {
    try (InputStream in = AgentProgram.class.getResourceAsStream(DIRECTORY + name)) {
      if (in == null) {
        throw new IllegalStateException("the jar lacks " + DIRECTORY + name);
      }
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
