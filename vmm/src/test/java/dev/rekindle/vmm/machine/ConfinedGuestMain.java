package dev.rekindle.vmm.machine;

import dev.rekindle.vmm.GuestCode;
import dev.rekindle.vmm.bus.BusDevice;
import dev.rekindle.vmm.seccomp.SeccompMode;
import dev.rekindle.vmm.seccomp.ThreadFilters;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/**
 * Runs a guest under the filters until it writes to a port; the device behind it then, on the
 * vCPU's thread or on the device loop, does what neither may: {@code vcpu|loop|nothing}.
 */
final class ConfinedGuestMain {
  private static final int TEST_PORT = 0x500;

  /** {@code mov dx,0x500; mov al,'A'; out dx,al; hlt}. */
  private static final byte[] WRITE_TO_THE_PORT = HexFormat.of().parseHex("ba0005b041eef4");

  private ConfinedGuestMain() {}

  /**
   * @param args see above
   */
  public static void main(String... args) throws InterruptedException {
    ThreadFilters filters = ThreadFilters.load(SeccompMode.KILL);
    filters.confineProcess();
    CountDownLatch reached = new CountDownLatch(1);
    try (KvmHost host = KvmHost.open(filters)) {
      Shape shape = new Shape(16L << 20, 1, List.of(new DeviceSlot.Rng()));
      Shell shell = Shell.build(host, shape);
      shell
          .pio()
          .map(
              TEST_PORT,
              1,
              new BusDevice() {
                @Override
                public void read(long offset, MemorySegment data) {
                  data.fill((byte) 0);
                }

                @Override
                public void write(long offset, MemorySegment data) {
                  Runnable act =
                      () -> {
                        if (!args[0].equals("nothing")) {
                          openForWriting();
                        }
                        reached.countDown();
                      };
                  if (args[0].equals("loop")) {
                    host.loop().execute(act);
                  } else {
                    act.run();
                  }
                }
              });
      GuestCode.place(shell.memory().slice(0, 16L << 20), 0x1000, WRITE_TO_THE_PORT);
      GuestCode.startAt(shell.vcpus().getFirst(), 0x1000);
      try (MicroVm vm = MicroVm.adopt(shell, List.of())) {
        vm.resume();
        reached.await();
      }
    }
    System.out.println("done");
  }

  private static void openForWriting() {
    try {
      FileChannel.open(Path.of("/dev/null"), StandardOpenOption.WRITE).close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
