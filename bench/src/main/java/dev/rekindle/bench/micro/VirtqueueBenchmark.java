package dev.rekindle.bench.micro;

import dev.rekindle.vmm.abi.virtio.Virtio;
import dev.rekindle.vmm.abi.virtio.VirtioMmio;
import dev.rekindle.vmm.memory.GuestMemory;
import dev.rekindle.vmm.virtio.MmioTransport;
import dev.rekindle.vmm.virtio.rng.RngDevice;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.security.SecureRandom;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** A buffer of 16 bytes through a virtqueue, from the driver's notification to its interrupt. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class VirtqueueBenchmark {
  private static final int SIZE = 64;
  private static final long DESCRIPTORS = 0x1000;
  private static final long AVAILABLE = 0x2000;
  private static final long USED = 0x3000;
  private static final long BUFFER = 0x4000;
  private static final int BUFFER_BYTES = 16;

  /** The bytes' making is not what is measured. */
  private static final class NoRandom extends SecureRandom {
    private static final long serialVersionUID = 1L;

    @Override
    public void nextBytes(byte[] bytes) {
      bytes[0] = 1;
    }
  }

  private long interrupts;
  private short next;
  private final GuestMemory memory = GuestMemory.allocate(1 << 20, Arena.ofShared());
  private final MmioTransport transport =
      new MmioTransport(new RngDevice(new NoRandom()), memory, () -> interrupts++);
  private final MemorySegment register = MemorySegment.ofArray(new byte[4]);

  /** Sets the device up as a driver does. */
  public VirtqueueBenchmark() {
    int status = Virtio.STATUS_ACKNOWLEDGE | Virtio.STATUS_DRIVER;
    set(VirtioMmio.STATUS, status);
    set(VirtioMmio.DRIVER_FEATURES_SEL, 1);
    set(VirtioMmio.DRIVER_FEATURES, (int) (Virtio.F_VERSION_1 >>> 32));
    set(VirtioMmio.STATUS, status | Virtio.STATUS_FEATURES_OK);
    set(VirtioMmio.QUEUE_SEL, 0);
    set(VirtioMmio.QUEUE_NUM, SIZE);
    set(VirtioMmio.QUEUE_DESC_LOW, (int) DESCRIPTORS);
    set(VirtioMmio.QUEUE_AVAIL_LOW, (int) AVAILABLE);
    set(VirtioMmio.QUEUE_USED_LOW, (int) USED);
    set(VirtioMmio.QUEUE_READY, 1);
    set(VirtioMmio.STATUS, status | Virtio.STATUS_FEATURES_OK | Virtio.STATUS_DRIVER_OK);
    memory.putLong(DESCRIPTORS, BUFFER);
    memory.putInt(DESCRIPTORS + 8, BUFFER_BYTES);
    memory.putShort(DESCRIPTORS + 12, (short) Virtio.DESC_F_WRITE);
    // Every entry of the ring names that one descriptor.
    notifyDevice();
    if (memory.getShort(USED + 2) != 1 || interrupts != 1) {
      throw new IllegalStateException("the device did not take the buffer");
    }
  }

  private void set(int at, int value) {
    register.set(ValueLayout.JAVA_INT_UNALIGNED, 0, value);
    transport.write(at, register);
  }

  private void notifyDevice() {
    memory.putShortRelease(AVAILABLE + 2, ++next);
    set(VirtioMmio.QUEUE_NOTIFY, 0);
  }

  /**
   * @return how far the used ring is
   */
  @Benchmark
  public short buffer() {
    notifyDevice();
    return memory.getShortAcquire(USED + 2);
  }
}
