package dev.rekindle.vmm.virtio;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import dev.rekindle.vmm.abi.virtio.Virtio;
import dev.rekindle.vmm.abi.virtio.VirtioMmio;
import dev.rekindle.vmm.bus.BusDevice;
import dev.rekindle.vmm.bus.IrqLine;
import dev.rekindle.vmm.memory.GuestMemory;
import dev.rekindle.vmm.memory.GuestMemoryException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The memory-mapped transport, modern only (virtio 1.2, section 4.2). Thread: any. One lock covers
 * registers, queues and device; status and interrupt status are read and acknowledged without it,
 * so a guest's interrupt handler does not wait for a disk.
 */
public final class MmioTransport implements BusDevice, DeviceContext {
  private static final Logger LOG = LoggerFactory.getLogger(MmioTransport.class);

  /** {@code "RKDL"}, little-endian. */
  private static final int VENDOR = 0x4C444B52;

  private static final long RING_FEATURES =
      Virtio.F_VERSION_1 | Virtio.F_INDIRECT_DESC | Virtio.F_EVENT_IDX;

  private final VirtioDevice device;
  private final IrqLine irq;
  private final Executor later;
  private final Virtqueue[] queues;
  private final ReentrantLock lock = new ReentrantLock();
  private final AtomicInteger interruptStatus = new AtomicInteger();

  /** Written with the lock held. */
  private volatile int status;

  // All guarded by the lock.
  private int deviceFeaturesSel;
  private int driverFeaturesSel;
  private long driverFeatures;
  private int queueSel;
  private boolean paused;
  private boolean complained;

  /**
   * A transport that does all of a queue's work in the thread of the notification.
   *
   * @param device answers behind the registers
   * @param memory of the guest
   * @param irq the device's interrupt line
   */
  public MmioTransport(VirtioDevice device, GuestMemory memory, IrqLine irq) {
    this(device, memory, irq, Runnable::run);
  }

  /**
   * @param device answers behind the registers
   * @param memory of the guest
   * @param irq the device's interrupt line
   * @param later where a queue's work goes on when a device has done as much as it may at once: the
   *     device loop
   */
  public MmioTransport(VirtioDevice device, GuestMemory memory, IrqLine irq, Executor later) {
    this.device = device;
    this.irq = irq;
    this.later = later;
    int[] sizes = device.queueMaxSizes();
    queues = new Virtqueue[sizes.length];
    for (int i = 0; i < sizes.length; i++) {
      queues[i] = new Virtqueue(memory, sizes[i]);
    }
    device.attach(this);
  }

  @Override
  public Virtqueue queue(int index) {
    return queues[index];
  }

  @Override
  public void interrupt(int index) {
    lock.lock();
    try {
      if (queues[index].takeInterruptWish()) {
        raise(VirtioMmio.INT_VRING);
      }
    } finally {
      lock.unlock();
    }
  }

  private void raise(int cause) {
    interruptStatus.getAndUpdate(pending -> pending | cause);
    irq.raise();
  }

  /**
   * @return how many queues the device has
   */
  public int queueCount() {
    return queues.length;
  }

  /**
   * The guest notified a queue. Thread: the device loop.
   *
   * @param index as the guest wrote it; one that is no queue is ignored
   */
  public void processQueue(int index) {
    if (index < 0 || index >= queues.length) {
      return;
    }
    boolean more = false;
    lock.lock();
    try {
      more = driven() && !paused && device.queueNotified(index);
    } catch (RuntimeException e) {
      fail(e);
    } finally {
      lock.unlock();
    }
    if (more) {
      later.execute(() -> processQueue(index));
    }
  }

  private boolean driven() {
    return (status & (Virtio.STATUS_DRIVER_OK | Virtio.STATUS_NEEDS_RESET))
        == Virtio.STATUS_DRIVER_OK;
  }

  @Override
  public boolean whileActive(Runnable action) {
    lock.lock();
    try {
      if (paused || !driven()) {
        return false;
      }
      action.run();
    } catch (RuntimeException e) {
      fail(e);
    } finally {
      lock.unlock();
    }
    return true;
  }

  /** Whatever went wrong in a device, its guest has to reset it and the others go on. */
  private void fail(RuntimeException cause) {
    if (!(cause instanceof GuestFaultException || cause instanceof GuestMemoryException)) {
      LOG.error("virtio device {} failed", device.deviceId(), cause);
    } else if (!complained) {
      // Once a machine: a guest could do nothing but this.
      complained = true;
      LOG.warn("virtio device {} needs a reset: {}", device.deviceId(), cause.getMessage());
    }
    boolean tell = driven();
    status |= Virtio.STATUS_NEEDS_RESET;
    if (tell) {
      raise(VirtioMmio.INT_CONFIG);
    }
  }

  @Override
  public void read(long offset, MemorySegment data) {
    data.fill((byte) 0);
    if (offset >= VirtioMmio.CONFIG) {
      readConfig((int) offset - VirtioMmio.CONFIG, data);
    } else if (data.byteSize() == 4) {
      int value =
          switch ((int) offset) {
            case VirtioMmio.INTERRUPT_STATUS -> interruptStatus.get();
            case VirtioMmio.STATUS -> status;
            default -> lockedRegister((int) offset);
          };
      data.set(JAVA_INT_UNALIGNED, 0, value);
    }
  }

  private void readConfig(int offset, MemorySegment data) {
    lock.lock();
    try {
      for (int i = 0; i < data.byteSize(); i++) {
        data.set(JAVA_BYTE, i, device.readConfig(offset + i));
      }
    } finally {
      lock.unlock();
    }
  }

  private int lockedRegister(int offset) {
    lock.lock();
    try {
      return register(offset);
    } finally {
      lock.unlock();
    }
  }

  private int register(int offset) {
    return switch (offset) {
      case VirtioMmio.MAGIC_VALUE -> VirtioMmio.MAGIC;
      case VirtioMmio.VERSION -> VirtioMmio.MODERN_VERSION;
      case VirtioMmio.DEVICE_ID -> device.deviceId();
      case VirtioMmio.VENDOR_ID -> VENDOR;
      case VirtioMmio.DEVICE_FEATURES -> half(offered(), deviceFeaturesSel);
      case VirtioMmio.QUEUE_NUM_MAX -> selected() == null ? 0 : selected().maxSize();
      case VirtioMmio.QUEUE_READY -> selected() != null && selected().ready() ? 1 : 0;
      case VirtioMmio.SHM_LEN_LOW,
          VirtioMmio.SHM_LEN_HIGH,
          VirtioMmio.SHM_BASE_LOW,
          VirtioMmio.SHM_BASE_HIGH ->
          -1;
      default -> 0;
    };
  }

  private long offered() {
    return device.features() | RING_FEATURES;
  }

  private static int half(long features, int selector) {
    return selector == 0 ? (int) features : selector == 1 ? (int) (features >>> 32) : 0;
  }

  private Virtqueue selected() {
    return queueSel >= 0 && queueSel < queues.length ? queues[queueSel] : null;
  }

  @Override
  public void write(long offset, MemorySegment data) {
    if (offset >= VirtioMmio.CONFIG || data.byteSize() != 4) {
      return;
    }
    int value = data.get(JAVA_INT_UNALIGNED, 0);
    if (offset == VirtioMmio.QUEUE_NOTIFY) {
      processQueue(value);
      return;
    }
    if (offset == VirtioMmio.INTERRUPT_ACK) {
      interruptStatus.getAndUpdate(pending -> pending & ~value);
      return;
    }
    lock.lock();
    try {
      setRegister((int) offset, value);
    } catch (RuntimeException e) {
      fail(e);
    } finally {
      lock.unlock();
    }
  }

  private void setRegister(int offset, int value) {
    Virtqueue queue = selected();
    switch (offset) {
      case VirtioMmio.DEVICE_FEATURES_SEL -> deviceFeaturesSel = value;
      case VirtioMmio.DRIVER_FEATURES_SEL -> driverFeaturesSel = value;
      case VirtioMmio.DRIVER_FEATURES -> setDriverFeatures(value);
      case VirtioMmio.QUEUE_SEL -> queueSel = value;
      case VirtioMmio.STATUS -> setStatus(value);
      default -> {
        if (queue != null) {
          QueueRegisters.write(queue, offset, value, (status & Virtio.STATUS_DRIVER_OK) != 0);
        }
      }
    }
  }

  private void setDriverFeatures(int value) {
    if ((status & Virtio.STATUS_FEATURES_OK) != 0) {
      return;
    }
    if (driverFeaturesSel == 0) {
      driverFeatures = QueueRegisters.low(driverFeatures, value);
    } else if (driverFeaturesSel == 1) {
      driverFeatures = QueueRegisters.high(driverFeatures, value);
    }
  }

  /** Bits only come; all go at once, by a reset. */
  private void setStatus(int value) {
    if (value == 0) {
      reset();
      return;
    }
    int added = value & 0xFF & ~status & ~Virtio.STATUS_NEEDS_RESET;
    if ((added & Virtio.STATUS_FEATURES_OK) != 0
        && !DeviceState.acceptable(driverFeatures, offered())) {
      // The driver reads the bit back to learn that its choice was refused.
      added &= ~Virtio.STATUS_FEATURES_OK;
    }
    if (((status | added) & Virtio.STATUS_FEATURES_OK) == 0) {
      added &= ~Virtio.STATUS_DRIVER_OK;
    }
    status |= added;
    if ((added & Virtio.STATUS_DRIVER_OK) != 0) {
      tellQueuesFeatures();
    }
  }

  private void tellQueuesFeatures() {
    for (Virtqueue queue : queues) {
      queue.features(
          (driverFeatures & Virtio.F_EVENT_IDX) != 0,
          (driverFeatures & Virtio.F_INDIRECT_DESC) != 0);
    }
  }

  /** Takes the device back to what it was before any driver; nothing of the last one is left. */
  public void reset() {
    lock.lock();
    try {
      status = 0;
      device.reset();
      for (Virtqueue queue : queues) {
        queue.reset();
      }
      deviceFeaturesSel = 0;
      driverFeaturesSel = 0;
      driverFeatures = 0;
      queueSel = 0;
      interruptStatus.set(0);
    } finally {
      lock.unlock();
    }
  }

  /** When this returns nothing here touches guest memory until {@link #resume}. */
  public void pause() {
    lock.lock();
    try {
      paused = true;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Goes on: every queue is looked at, and an interrupt not acknowledged is raised again, because
   * either may have been lost between a capture and a restore. Thread: the device loop.
   */
  public void resume() {
    lock.lock();
    try {
      paused = false;
      if (interruptStatus.get() != 0) {
        irq.raise();
      }
    } finally {
      lock.unlock();
    }
    for (int i = 0; i < queues.length; i++) {
      processQueue(i);
    }
  }

  /**
   * The state, for a snapshot.
   *
   * @return registers, queues and the device's own state
   */
  public DeviceState capture() {
    lock.lock();
    try {
      List<QueueState> states = new ArrayList<>();
      for (Virtqueue queue : queues) {
        states.add(queue.capture());
      }
      return new DeviceState(
          device.deviceId(),
          status,
          driverFeatures,
          interruptStatus.get(),
          new DeviceState.Selectors(deviceFeaturesSel, driverFeaturesSel, queueSel),
          states,
          device.saveState());
    } finally {
      lock.unlock();
    }
  }

  /**
   * Takes a state back, into a device that was just built or reset; it stays paused if it was.
   *
   * @param state not trusted
   * @throws IllegalArgumentException if it does not fit this device; the device is then reset
   */
  public void restore(DeviceState state) {
    lock.lock();
    try {
      reset();
      state.requireFits(device, offered());
      for (int i = 0; i < queues.length; i++) {
        queues[i].restore(state.queues().get(i));
      }
      device.loadState(state.device());
      driverFeatures = state.driverFeatures();
      interruptStatus.set(state.interruptStatus());
      deviceFeaturesSel = state.selectors().deviceFeatures();
      driverFeaturesSel = state.selectors().driverFeatures();
      queueSel = state.selectors().queue();
      tellQueuesFeatures();
      status = state.status();
    } catch (GuestFaultException | GuestMemoryException | IllegalArgumentException e) {
      reset();
      throw new IllegalArgumentException("device state: " + e.getMessage(), e);
    } finally {
      lock.unlock();
    }
  }
}
