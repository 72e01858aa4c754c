package dev.rekindle.vmm.virtio;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import dev.rekindle.vmm.abi.virtio.Virtio;
import dev.rekindle.vmm.abi.virtio.VirtioMmio;
import dev.rekindle.vmm.memory.GuestMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A driver as a guest would have it, for tests: sets up queues, adds buffers, collects used ones.
 */
public final class GuestDriver implements AutoCloseable {
  /** Guest memory of every test. */
  public static final int MEMORY_BYTES = 8 << 20;

  private static final long QUEUE_AREA = 0x1_0000;
  private static final long BUFFERS = 0x10_0000;

  private final Arena arena = Arena.ofShared();
  public final GuestMemory memory = GuestMemory.allocate(MEMORY_BYTES, arena);
  public final AtomicInteger interrupts = new AtomicInteger();
  public final MmioTransport transport;
  private final List<Queue> queues = new ArrayList<>();
  private long nextBuffer = BUFFERS;

  public GuestDriver(VirtioDevice device) {
    this(device, Runnable::run);
  }

  public GuestDriver(VirtioDevice device, Executor later) {
    transport = new MmioTransport(device, memory, interrupts::incrementAndGet, later);
  }

  /** A used buffer: which descriptor was its head, how much the device says it wrote. */
  public record Used(int head, long length) {}

  /** A part of a request. */
  public record Part(long gpa, int length, boolean writable) {}

  public int read(int register) {
    MemorySegment data = MemorySegment.ofArray(new byte[4]);
    transport.read(register, data);
    return data.get(JAVA_INT_UNALIGNED, 0);
  }

  public void write(int register, int value) {
    MemorySegment data = MemorySegment.ofArray(new byte[4]);
    data.set(JAVA_INT_UNALIGNED, 0, value);
    transport.write(register, data);
  }

  public int status() {
    return read(VirtioMmio.STATUS);
  }

  public boolean needsReset() {
    return (status() & Virtio.STATUS_NEEDS_RESET) != 0;
  }

  public long offeredFeatures() {
    write(VirtioMmio.DEVICE_FEATURES_SEL, 0);
    long low = Integer.toUnsignedLong(read(VirtioMmio.DEVICE_FEATURES));
    write(VirtioMmio.DEVICE_FEATURES_SEL, 1);
    return low | (long) read(VirtioMmio.DEVICE_FEATURES) << 32;
  }

  public void acceptFeatures(long features) {
    write(VirtioMmio.STATUS, Virtio.STATUS_ACKNOWLEDGE);
    write(VirtioMmio.STATUS, Virtio.STATUS_ACKNOWLEDGE | Virtio.STATUS_DRIVER);
    write(VirtioMmio.DRIVER_FEATURES_SEL, 0);
    write(VirtioMmio.DRIVER_FEATURES, (int) features);
    write(VirtioMmio.DRIVER_FEATURES_SEL, 1);
    write(VirtioMmio.DRIVER_FEATURES, (int) (features >>> 32));
    write(VirtioMmio.STATUS, status() | Virtio.STATUS_FEATURES_OK);
  }

  public void driverOk() {
    write(VirtioMmio.STATUS, status() | Virtio.STATUS_DRIVER_OK);
  }

  /** Initialises as Linux does, with queues of the given sizes. */
  public GuestDriver start(long features, int... sizes) {
    acceptFeatures(features | Virtio.F_VERSION_1);
    for (int i = 0; i < sizes.length; i++) {
      queues.add(new Queue(i, sizes[i], features));
      queues.get(i).setUp();
    }
    driverOk();
    return this;
  }

  /** Resets the device and sets it up again, with queues of 8. */
  public void restart(long features, int queueCount) {
    write(VirtioMmio.STATUS, 0);
    queues.clear();
    memory.slice(QUEUE_AREA, BUFFERS - QUEUE_AREA).fill((byte) 0);
    int[] sizes = new int[queueCount];
    Arrays.fill(sizes, 8);
    start(features, sizes);
  }

  /** Goes on with another driver's queues, whose memory this one's is a copy of. */
  public void adopt(GuestDriver other) {
    for (Queue q : other.queues) {
      Queue mine = new Queue(q);
      queues.add(mine);
    }
    nextBuffer = other.nextBuffer;
  }

  public Queue queue(int index) {
    return queues.get(index);
  }

  public long allocate(int bytes) {
    long gpa = nextBuffer;
    nextBuffer += bytes + 15 & ~15L;
    return gpa;
  }

  public Part readable(byte[] contents) {
    long gpa = allocate(contents.length);
    memory.write(gpa, contents, 0, contents.length);
    return new Part(gpa, contents.length, false);
  }

  public Part writable(int length) {
    return new Part(allocate(length), length, true);
  }

  public byte[] contents(Part part) {
    byte[] bytes = new byte[part.length()];
    memory.read(part.gpa(), bytes, 0, bytes.length);
    return bytes;
  }

  /** One virtqueue, the driver's side. */
  public final class Queue {
    public final long desc;
    public final long avail;
    public final long used;
    private final int index;
    private final int size;
    private final boolean eventIndex;
    private int nextDescriptor;
    private short availIndex;
    private short usedIndex;

    Queue(int index, int size, long features) {
      this.index = index;
      this.size = size;
      eventIndex = (features & Virtio.F_EVENT_IDX) != 0;
      desc = QUEUE_AREA * (index + 1);
      avail = desc + 0x4000;
      used = desc + 0x8000;
    }

    Queue(Queue other) {
      this.index = other.index;
      this.size = other.size;
      this.eventIndex = other.eventIndex;
      this.desc = other.desc;
      this.avail = other.avail;
      this.used = other.used;
      this.nextDescriptor = other.nextDescriptor;
      this.availIndex = other.availIndex;
      this.usedIndex = other.usedIndex;
    }

    void setUp() {
      write(VirtioMmio.QUEUE_SEL, index);
      write(VirtioMmio.QUEUE_NUM, size);
      write(VirtioMmio.QUEUE_DESC_LOW, (int) desc);
      write(VirtioMmio.QUEUE_DESC_HIGH, 0);
      write(VirtioMmio.QUEUE_AVAIL_LOW, (int) avail);
      write(VirtioMmio.QUEUE_AVAIL_HIGH, 0);
      write(VirtioMmio.QUEUE_USED_LOW, (int) used);
      write(VirtioMmio.QUEUE_USED_HIGH, 0);
      write(VirtioMmio.QUEUE_READY, 1);
    }

    public void descriptor(int slot, long gpa, int length, int flags, int next) {
      descriptorAt(desc, slot, gpa, length, flags, next);
    }

    public void descriptorAt(long table, int slot, long gpa, int length, int flags, int next) {
      long at = table + slot * 16L;
      memory.putLong(at, gpa);
      memory.putInt(at + 8, length);
      memory.putShort(at + 12, (short) flags);
      memory.putShort(at + 14, (short) next);
    }

    /** Makes a head available without a word to the device. */
    public void publish(int head) {
      memory.putShort(avail + 4 + 2L * (availIndex & size - 1), (short) head);
      availIndex++;
      memory.putShortRelease(avail + 2, availIndex);
    }

    /** Adds a chain; returns its head. */
    public int add(Part... parts) {
      int head = nextDescriptor & size - 1;
      for (int i = 0; i < parts.length; i++) {
        int slot = nextDescriptor++ & size - 1;
        int flags =
            (parts[i].writable() ? Virtio.DESC_F_WRITE : 0)
                | (i + 1 < parts.length ? Virtio.DESC_F_NEXT : 0);
        descriptor(slot, parts[i].gpa(), parts[i].length(), flags, nextDescriptor & size - 1);
      }
      publish(head);
      return head;
    }

    /** Adds a chain through an indirect table. */
    public int addIndirect(Part... parts) {
      long table = allocate(parts.length * 16);
      for (int i = 0; i < parts.length; i++) {
        int flags =
            (parts[i].writable() ? Virtio.DESC_F_WRITE : 0)
                | (i + 1 < parts.length ? Virtio.DESC_F_NEXT : 0);
        descriptorAt(table, i, parts[i].gpa(), parts[i].length(), flags, i + 1);
      }
      int head = nextDescriptor++ & size - 1;
      descriptor(head, table, parts.length * 16, Virtio.DESC_F_INDIRECT, 0);
      publish(head);
      return head;
    }

    public void kick() {
      write(VirtioMmio.QUEUE_NOTIFY, index);
    }

    /** The next used buffer, or null. */
    public Used poll() {
      if (memory.getShortAcquire(used + 2) == usedIndex) {
        return null;
      }
      long at = used + 4 + 8L * (usedIndex & size - 1);
      usedIndex++;
      if (eventIndex) {
        memory.putShort(avail + 4 + 2L * size, usedIndex);
      }
      return new Used(memory.getInt(at), Integer.toUnsignedLong(memory.getInt(at + 4)));
    }

    /** What the device asks to be notified after. */
    public short availEvent() {
      return memory.getShort(used + 4 + 8L * size);
    }

    public short availIndex() {
      return availIndex;
    }

    public void interruptsOff() {
      memory.putShort(avail, (short) Virtio.AVAIL_F_NO_INTERRUPT);
    }
  }

  @Override
  public void close() {
    arena.close();
  }
}
