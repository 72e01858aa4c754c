package dev.rekindle.vmm.virtio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import dev.rekindle.vmm.abi.virtio.Virtio;
import dev.rekindle.vmm.abi.virtio.VirtioMmio;
import dev.rekindle.vmm.loop.DeviceLoop;
import dev.rekindle.vmm.sys.OwnedFd;
import dev.rekindle.vmm.virtio.block.BlockDevice;
import dev.rekindle.vmm.virtio.rng.RngDevice;
import dev.rekindle.vmm.virtio.vsock.VsockCloseReason;
import dev.rekindle.vmm.virtio.vsock.VsockDevice;
import java.lang.foreign.MemorySegment;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Random;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/** Drivers that write anything anywhere: nothing may be thrown, no device may stop serving. */
class VirtioFuzzTest {
  private static final int ROUNDS = 3_000;

  @Test
  void shouldSurviveAnyDriverOfAnyDevice() {
    try (DeviceLoop loop = new DeviceLoop();
        OwnedFd disk = OwnedFd.memory("disk", 1 << 20)) {
      fuzz(1, () -> new BlockDevice(disk, 1 << 20, false, "fuzz"));
      fuzz(2, () -> new RngDevice(new SecureRandom()));
      fuzz(
          3,
          () -> {
            VsockDevice vsock = new VsockDevice(3, loop);
            vsock.listen(1, c -> (VsockOnly) data -> c.send(data));
            return vsock;
          });
    }
  }

  /** Echoes, and does not care how it ends. */
  private interface VsockOnly extends dev.rekindle.vmm.virtio.vsock.VsockListener {
    @Override
    default void onClosed(VsockCloseReason reason) {
      // Not of interest.
    }
  }

  private static void fuzz(long seed, Supplier<VirtioDevice> make) {
    Random random = new Random(seed);
    try (GuestDriver driver = new GuestDriver(make.get())) {
      int queues = driver.transport.queueCount();
      int broken = 0;
      for (int round = 0; round < ROUNDS; round++) {
        if (round % 20 == 0) {
          driver.restart(
              random.nextBoolean() ? 0 : Virtio.F_EVENT_IDX | Virtio.F_INDIRECT_DESC, queues);
        }
        GuestDriver.Queue queue = driver.queue(random.nextInt(queues));
        scribble(random, driver, queue);
        assertThatCode(queue::kick).doesNotThrowAnyException();
        if (random.nextInt(10) == 0) {
          register(random, driver);
        }
        broken += driver.needsReset() ? 1 : 0;
      }
      assertThat(broken).as("the fuzz breaks rules").isPositive();
      driver.restart(0, queues);
      assertThat(driver.needsReset()).isFalse();
      assertThat(driver.status() & Virtio.STATUS_DRIVER_OK).isNotZero();
    }
  }

  private static void scribble(Random random, GuestDriver driver, GuestDriver.Queue queue) {
    int head = random.nextInt(8);
    for (int i = 0; i < 8; i++) {
      long gpa = 0x10_0000L + random.nextInt(0x10_0000);
      int flags = random.nextInt(4);
      int next = random.nextInt(10);
      int length = random.nextInt(6000);
      switch (random.nextInt(24)) {
        case 0 -> gpa = random.nextLong();
        case 1 -> length = random.nextInt();
        case 2 -> flags = random.nextInt();
        case 3 -> next = random.nextInt();
        case 4 -> {
          flags = Virtio.DESC_F_INDIRECT;
          length = 16 * random.nextInt(40);
        }
        default -> {
          // As a driver would.
        }
      }
      queue.descriptor(i, gpa, length, flags, next);
      byte[] contents = new byte[64];
      random.nextBytes(contents);
      // Small numbers make packets and requests that get further.
      for (int b = 0; b < contents.length; b++) {
        contents[b] = random.nextInt(3) == 0 ? (byte) random.nextInt(8) : 0;
      }
      if (random.nextBoolean()) {
        contents[0] = 3;
        contents[8] = 2;
        contents[20] = 1;
        contents[28] = 1;
      }
      if (driver.memory.contains(gpa, 64)) {
        driver.memory.write(gpa, contents, 0, 64);
      }
    }
    queue.publish(head);
    if (random.nextInt(50) == 0) {
      driver.memory.putShort(queue.avail + 2, (short) random.nextInt());
    }
  }

  private static void register(Random random, GuestDriver driver) {
    int register = random.nextInt(0x110) & ~3;
    if (random.nextInt(5) == 0) {
      driver.transport.write(register, MemorySegment.ofArray(new byte[1 << random.nextInt(4)]));
    } else if (register != VirtioMmio.QUEUE_NOTIFY || random.nextBoolean()) {
      driver.write(register, random.nextInt(4) == 0 ? random.nextInt() : random.nextInt(20));
    }
    driver.read(register);
  }

  @Test
  void shouldRefuseOrTakeAnyEncodedStateAndNothingElse() {
    Random random = new Random(4);
    try (GuestDriver driver = new GuestDriver(new EchoDevice())) {
      driver.start(0, 16, 4);
      byte[] good = driver.transport.capture().encode();
      int taken = 0;
      for (int i = 0; i < 20_000; i++) {
        byte[] bytes =
            Arrays.copyOf(good, random.nextInt(4) == 0 ? random.nextInt(200) : good.length);
        for (int n = random.nextInt(4); n > 0 && bytes.length > 0; n--) {
          bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
        }
        try {
          driver.transport.restore(DeviceState.decode(bytes));
          driver.transport.processQueue(0);
          taken++;
        } catch (IllegalArgumentException expected) {
          assertThat(expected).hasMessageMatching("(?s).+");
        }
      }
      assertThat(taken).isPositive();
    }
  }
}
