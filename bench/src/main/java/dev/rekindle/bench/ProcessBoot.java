package dev.rekindle.bench;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * A monitor that is a process of its own and has the guest's serial port on its standard output:
 * from its spawning on.
 */
final class ProcessBoot implements BootWay {
  private static final int PIPE_BYTES = 1 << 16;

  private final List<String> command;

  ProcessBoot(List<String> command) {
    this.command = List.copyOf(command);
  }

  /**
   * QEMU's smallest machine with what the guest has no use for taken out. It boots its own firmware
   * first (qboot, the quicker of the two it has), which unpacks nothing but copies kernel and
   * initramfs into place. ACPI stays: Debian's kernel finds the interrupt controller by nothing
   * else.
   *
   * @param program path or name of {@code qemu-system-x86_64}
   * @param guest what to boot
   */
  static ProcessBoot microvm(String program, BootGuest guest) {
    return new ProcessBoot(
        List.of(
            program,
            "-M",
            "microvm,x-option-roms=off,pit=off,pic=off,rtc=off,isa-serial=on",
            "-bios",
            "qboot.rom",
            "-enable-kvm",
            "-cpu",
            "host",
            "-smp",
            "1",
            "-m",
            guest.memoryMib() + "M",
            "-nodefaults",
            "-no-user-config",
            "-nographic",
            "-no-reboot",
            "-serial",
            "stdio",
            "-kernel",
            guest.kernel().toString(),
            "-initrd",
            guest.initramfs().toString(),
            "-append",
            guest.commandLine().text()));
  }

  /**
   * Ours in a JVM of its own.
   *
   * @param options of the JVM
   * @param guest what to boot
   */
  static ProcessBoot java(List<String> options, BootGuest guest) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(options);
    command.addAll(
        List.of(
            "-cp",
            System.getProperty("java.class.path"),
            BootOnce.class.getName(),
            guest.kernel().toString(),
            guest.initramfs().toString(),
            Integer.toString(guest.memoryMib()),
            guest.commandLine().text()));
    return new ProcessBoot(command);
  }

  List<String> command() {
    return command;
  }

  @Override
  public long bootNanos() {
    LineWatch watch = new LineWatch(BootGuest.INIT_LINE);
    long end = 0;
    long began = System.nanoTime();
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      killLater(process);
      try (InputStream out = process.getInputStream()) {
        byte[] bytes = new byte[PIPE_BYTES];
        for (int n = out.read(bytes); n >= 0; n = out.read(bytes)) {
          long now = System.nanoTime();
          for (int i = 0; i < n; i++) {
            if (watch.accept(Byte.toUnsignedInt(bytes[i]))) {
              end = now;
            }
          }
        }
        process.waitFor();
      } finally {
        process.destroyForcibly();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
    if (!watch.found()) {
      throw new IllegalStateException(
          "init's line never came from " + String.join(" ", command) + "\n" + watch.tail());
    }
    return end - began;
  }

  private static void killLater(Process process) {
    CompletableFuture.delayedExecutor(WarmBoot.DEADLINE_SECONDS, TimeUnit.SECONDS)
        .execute(process::destroyForcibly);
  }
}
