package dev.rekindle.snapshotter.image;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * The bare guest: an ELF kernel that is nothing but an agent. Its sources travel in this jar. For
 * tests and benchmarks, on a KVM that no Linux guest runs on.
 */
public final class BareProgram {
  private static final String DIRECTORY = "/dev/rekindle/snapshotter/guest/bare/";
  private static final List<String> SOURCES =
      List.of(
          "bare.h",
          "wire.h",
          "bare.ld",
          "start.S",
          "main.c",
          "clock.c",
          "virtio.c",
          "vsock.c",
          "agent.c",
          "command.c");

  /** No vector instructions, which an emulating KVM lacks, and nothing of a C library. */
  private static final List<String> FLAGS =
      List.of(
          "-std=gnu11",
          "-O2",
          "-Wall",
          "-Wextra",
          "-Werror",
          "-ffreestanding",
          "-fno-builtin",
          "-nostdlib",
          "-static",
          "-no-pie",
          "-fno-pic",
          "-mgeneral-regs-only",
          "-mno-red-zone",
          "-fcf-protection=none",
          "-fno-stack-protector",
          "-fno-asynchronous-unwind-tables",
          "-fno-tree-loop-distribute-patterns",
          "-Wl,-T,bare.ld",
          "-Wl,--build-id=none");

  private static final Duration LIMIT = Duration.ofMinutes(2);

  private BareProgram() {}

  /**
   * Compiles it.
   *
   * @param workDirectory exists; the sources and the program are left there
   * @return the program
   * @throws ImageException {@code image.tool_missing} without gcc, {@code image.tool_failed},
   *     {@code image.no_space}
   * @throws InterruptedException if the thread was interrupted; the compiler is stopped
   */
  public static Path compile(Path workDirectory) throws ImageException, InterruptedException {
    Path program = workDirectory.resolve("bare.elf");
    List<String> command = new ArrayList<>(List.of("gcc"));
    command.addAll(FLAGS);
    command.addAll(List.of("-o", program.toString()));
    try {
      for (String name : SOURCES) {
        Files.write(workDirectory.resolve(name), source(name));
        if (name.endsWith(".c") || name.endsWith(".S")) {
          command.add(name);
        }
      }
    } catch (IOException e) {
      throw Failures.writing(workDirectory, e);
    }
    HostTool.require(LIMIT, workDirectory, command);
    return program;
  }

  private static byte[] source(String name) throws IOException {
    try (InputStream in = BareProgram.class.getResourceAsStream(DIRECTORY + name)) {
      if (in == null) {
        throw new IllegalStateException("the jar lacks " + DIRECTORY + name);
      }
      return in.readAllBytes();
    }
  }
}
