package dev.rekindle.bench;

import dev.rekindle.snapshotter.image.CpioWriter;
import dev.rekindle.vmm.boot.KernelCommandLine;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The guest that is booted, the same for every monitor.
 *
 * @param kernel bzImage
 * @param initramfs a static busybox and an init of two commands
 * @param commandLine the whole of it
 * @param memoryMib of the machine
 */
record BootGuest(Path kernel, Path initramfs, KernelCommandLine commandLine, int memoryMib) {
  /** What init writes to the serial console: the end of the boot. */
  static final String INIT_LINE = "rekindle bench: init runs";

  private static final int CONSOLE_MAJOR = 5;
  private static final int CONSOLE_MINOR = 1;

  /**
   * Makes the initramfs.
   *
   * @param busybox a static one
   * @param file to write
   */
  static void writeInitramfs(Path busybox, Path file) throws IOException {
    // The pause: what a process wrote to a serial port is still on its way when it powers off.
    String init =
        "#!/bin/busybox sh\necho '"
            + INIT_LINE
            + "'\n/bin/busybox sleep 0.3\nexec /bin/busybox poweroff -f\n";
    try (CpioWriter cpio = new CpioWriter(new BufferedOutputStream(Files.newOutputStream(file)))) {
      cpio.directory("bin", 0755);
      cpio.directory("dev", 0755);
      cpio.characterDevice("dev/console", 0600, CONSOLE_MAJOR, CONSOLE_MINOR);
      cpio.file("bin/busybox", 0755, Files.readAllBytes(busybox));
      cpio.file("init", 0755, init.getBytes(StandardCharsets.US_ASCII));
    }
  }
}
