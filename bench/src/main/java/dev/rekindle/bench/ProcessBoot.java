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
   * QEMU's smallest machine as it comes.
   *
   * @param program path or name of {@code qemu-system-x86_64}
   * @param guest what to boot
   */
  static ProcessBoot microvm(String program, BootGuest guest) {
    return qemu(program, List.of("-M", "microvm"), guest);
  }

  /**
   * QEMU's smallest machine at its quickest: without timers, interrupt controllers and option ROMs
   * that the guest has no use for, with the quicker of its two firmwares, and with a clock, since
   * the guest spends seconds looking for one that its tables promise. ACPI stays: Debian's kernel
   * finds the interrupt controller by nothing else.
   *
   * @param program path or name of {@code qemu-system-x86_64}
   * @param guest what to boot
   */
  static ProcessBoot microvmTuned(String program, BootGuest guest) {
    String machine = "microvm,x-option-roms=off,pit=off,pic=off,rtc=on,isa-serial=on";
    return qemu(program, List.of("-M", machine, "-bios", "qboot.rom"), guest);
  }

  private static ProcessBoot qemu(String program, List<String> machine, BootGuest guest) {
    List<String> command = new ArrayList<>();
    command.add(program);
    command.addAll(machine);
    command.addAll(List.of("-enable-kvm", "-cpu", "host", "-smp", "1"));
    command.addAll(List.of("-m", guest.memoryMib() + "M"));
    command.addAll(List.of("-nodefaults", "-no-user-config", "-nographic", "-no-reboot"));
    command.addAll(List.of("-serial", "stdio"));
    command.addAll(List.of("-kernel", guest.kernel().toString()));
    command.addAll(List.of("-initrd", guest.initramfs().toString()));
    command.addAll(List.of("-append", guest.commandLine().text()));
    return new ProcessBoot(command);
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
