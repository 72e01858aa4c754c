package dev.rekindle.bench;

import dev.rekindle.vmm.boot.KernelCommandLine;
import dev.rekindle.vmm.machine.KvmHost;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;

/**
 * Boots one guest with its serial port on standard output, then ends: ours as a process. Arguments:
 * kernel, initramfs, memory in MiB, command line.
 */
public final class BootOnce {
  private BootOnce() {}

  /**
   * @param args see the class
   */
  public static void main(String... args) {
    BootGuest guest =
        new BootGuest(
            Path.of(args[0]),
            Path.of(args[1]),
            KernelCommandLine.empty().withAll(args[3]),
            Integer.parseInt(args[2]));
    FileOutputStream out = new FileOutputStream(FileDescriptor.out);
    try (KvmHost host = KvmHost.open()) {
      new WarmBoot(host, guest)
          .boot(b -> {
            try {
              out.write(b);
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          });
    }
  }
}
