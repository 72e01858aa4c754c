package dev.rekindle.fuzz.targets;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import dev.rekindle.fuzz.ByteScript;
import dev.rekindle.vmm.abi.virtio.Virtio;
import dev.rekindle.vmm.abi.virtio.VirtioMmio;
import dev.rekindle.vmm.memory.GuestMemory;
import dev.rekindle.vmm.virtio.DeviceState;
import dev.rekindle.vmm.virtio.MmioTransport;
import dev.rekindle.vmm.virtio.VirtioDevice;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;

/**
 * A driver whose every step the input says: registers, descriptors, ring indexes and memory of its
 * choice, notifications, a capture and restore in between. Some of its steps are what a driver that
 * means well would do, so that the others start from somewhere.
 */
final class GuestScript {
  /** Guest memory; rings in the first quarter of it. */
  static final int MEMORY_BYTES = 1 << 18;

  private static final int QUEUE_BYTES = 0x4000;
  private static final int AVAIL = 0x1000;
  private static final int USED = 0x2000;
  private static final int BUFFERS = 0x1_0000;
  private static final int ENTRIES = 8;

  /** Header and one sector. */
  private static final int BLOCK_WRITE_BYTES = 16 + 512;

  /** Longer than any device's turn may be: work that never ends is a finding. */
  private static final int MAX_TURNS = 4096;

  private final GuestMemory memory;
  private final MmioTransport transport;
  private final Deque<Runnable> later = new ArrayDeque<>();
  private final short[] published = new short[DeviceState.MAX_QUEUES];

  GuestScript(GuestMemory memory, VirtioDevice device) {
    this.memory = memory;
    this.transport = new MmioTransport(device, memory, () -> {}, later::add, () -> {});
  }

  void step(ByteScript script) {
    switch (script.u8() % 12) {
      case 0 -> write(script.u8() * 4, script.i32());
      case 1 -> transport.read(script.u16() & 0xFFF, data(1 << (script.u8() & 3)));
      case 2 -> odd(script);
      case 3 -> start(script.u8());
      case 4 -> descriptor(script, false);
      case 5 -> descriptor(script, true);
      case 6 -> publish(script.u8(), script.u8());
      case 7 -> poke(script);
      case 8 -> index(script.u8(), script.u16());
      case 9 -> reload();
      case 10 -> request(script);
      default -> write(VirtioMmio.QUEUE_NOTIFY, script.u8() & 3);
    }
    runLater();
  }

  /** After all of it a driver that means well is served. */
  void finish() {
    write(VirtioMmio.STATUS, 0);
    start(0);
    int status = read(VirtioMmio.STATUS);
    if ((status & Virtio.STATUS_NEEDS_RESET) != 0 || (status & Virtio.STATUS_DRIVER_OK) == 0) {
      throw new AssertionError("does not start again: status " + status);
    }
    write(VirtioMmio.STATUS, 0);
    runLater();
  }

  private void runLater() {
    for (int turns = 0; !later.isEmpty(); turns++) {
      if (turns == MAX_TURNS) {
        // A device that writes into its own available ring makes itself work without end; it does
        // so a turn at a time, which is what matters to others.
        later.clear();
        write(VirtioMmio.STATUS, 0);
        return;
      }
      later.poll().run();
    }
  }

  private static MemorySegment data(int width) {
    return MemorySegment.ofArray(new byte[width]);
  }

  private int read(int register) {
    MemorySegment data = data(4);
    transport.read(register, data);
    return data.get(JAVA_INT_UNALIGNED, 0);
  }

  private void write(int register, int value) {
    MemorySegment data = data(4);
    data.set(JAVA_INT_UNALIGNED, 0, value);
    transport.write(register, data);
  }

  private void odd(ByteScript script) {
    int at = script.u16() & 0xFFF;
    int width = 1 << (script.u8() & 3);
    byte[] bytes = Arrays.copyOf(script.bytes(width), width);
    transport.write(at, MemorySegment.ofArray(bytes));
  }

  private static long ring(int queue) {
    return (long) (queue & 3) * QUEUE_BYTES;
  }

  private void start(int features) {
    write(VirtioMmio.STATUS, Virtio.STATUS_ACKNOWLEDGE);
    write(VirtioMmio.STATUS, Virtio.STATUS_ACKNOWLEDGE | Virtio.STATUS_DRIVER);
    long wanted =
        Virtio.F_VERSION_1
            | ((features & 1) != 0 ? Virtio.F_EVENT_IDX : 0)
            | ((features & 2) != 0 ? Virtio.F_INDIRECT_DESC : 0);
    write(VirtioMmio.DRIVER_FEATURES_SEL, 0);
    write(VirtioMmio.DRIVER_FEATURES, (int) wanted);
    write(VirtioMmio.DRIVER_FEATURES_SEL, 1);
    write(VirtioMmio.DRIVER_FEATURES, (int) (wanted >>> 32));
    write(VirtioMmio.STATUS, read(VirtioMmio.STATUS) | Virtio.STATUS_FEATURES_OK);
    for (int i = 0; i < transport.queueCount(); i++) {
      published[i] = 0;
      memory.slice(ring(i) + AVAIL, QUEUE_BYTES - AVAIL).fill((byte) 0);
      write(VirtioMmio.QUEUE_SEL, i);
      write(VirtioMmio.QUEUE_NUM, ENTRIES);
      write(VirtioMmio.QUEUE_DESC_LOW, (int) ring(i));
      write(VirtioMmio.QUEUE_AVAIL_LOW, (int) ring(i) + AVAIL);
      write(VirtioMmio.QUEUE_USED_LOW, (int) ring(i) + USED);
      write(VirtioMmio.QUEUE_READY, 1);
    }
    write(VirtioMmio.STATUS, read(VirtioMmio.STATUS) | Virtio.STATUS_DRIVER_OK);
  }

  private void descriptor(ByteScript script, boolean wild) {
    int where = script.u8();
    long at = ring(where >> 4) + (where & ENTRIES - 1) * (long) Virtio.DESC_BYTES;
    long gpa = wild ? script.i64() : BUFFERS + (long) script.u8() * 256;
    int length = wild ? script.i32() : script.u16();
    int flags = wild ? script.u16() : script.u8() & 7;
    put(at, gpa, length, flags, wild ? script.u16() : script.u8() & 15);
  }

  private void put(long at, long gpa, int length, int flags, int next) {
    memory.putLong(at, gpa);
    memory.putInt(at + 8, length);
    memory.putShort(at + 12, (short) flags);
    memory.putShort(at + 14, (short) next);
  }

  private void publish(int queue, int head) {
    int of = queue & 3;
    long avail = ring(of) + AVAIL;
    memory.putShort(avail + 4 + 2L * (published[of] & ENTRIES - 1), (short) head);
    published[of]++;
    memory.putShortRelease(avail + 2, published[of]);
    if ((queue & 4) != 0) {
      write(VirtioMmio.QUEUE_NOTIFY, of);
    }
  }

  private void poke(ByteScript script) {
    int at = script.u8() * (MEMORY_BYTES / 256) + script.u8() * 4;
    byte[] bytes = script.bytes(script.u8() & 63);
    if (memory.contains(at, bytes.length)) {
      memory.write(at, bytes, 0, bytes.length);
    }
  }

  private void index(int queue, int value) {
    memory.putShortRelease(ring(queue & 3) + AVAIL + 2, (short) value);
  }

  /** A whole request in one step: a readable part with contents, a writable one behind it. */
  private void request(ByteScript script) {
    int queue = script.u8();
    int writable = script.u16();
    byte[] contents = script.bytes(script.u8());
    long readableAt = BUFFERS + 0x8000L * (queue >> 4 & 1);
    memory.write(readableAt, contents, 0, contents.length);
    long at = ring(queue);
    int readable = (queue & 64) != 0 ? BLOCK_WRITE_BYTES : contents.length;
    boolean both = writable > 0 && readable > 0;
    if (readable > 0) {
      put(at, readableAt, readable, both ? Virtio.DESC_F_NEXT : 0, 1);
    }
    if (writable > 0) {
      put(
          at + (both ? Virtio.DESC_BYTES : 0),
          BUFFERS + 0x1_0000,
          writable,
          Virtio.DESC_F_WRITE,
          0);
    }
    publish(queue | 4, 0);
  }

  /** A snapshot in between: what was captured is taken back, and is the same. */
  private void reload() {
    transport.pause();
    DeviceState captured = transport.capture();
    DeviceState read = DeviceState.decode(captured.encode());
    if (!read.equals(captured)) {
      throw new AssertionError("read back as " + read + ", was " + captured);
    }
    transport.restore(read);
    if (!transport.capture().equals(captured)) {
      throw new AssertionError("restored to " + transport.capture() + ", was " + captured);
    }
    transport.resume();
  }
}
