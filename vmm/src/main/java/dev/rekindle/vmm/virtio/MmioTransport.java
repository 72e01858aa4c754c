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
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The memory-mapped transport, modern only (virtio 1.2, section 4.2). Thread: any; one lock, this
 * instance's monitor, covers registers, queues and device.
 */
public final class MmioTransport implements BusDevice, DeviceContext {
  private static final Logger LOG = LoggerFactory.getLogger(MmioTransport.class);

  /** {@code "RKDL"}, little-endian. */
  private static final int VENDOR = 0x4C444B52;

  private final VirtioDevice device;
  private final IrqLine irq;
  private final Virtqueue[] queues;

  // All guarded by this.
  private int status;
  private int deviceFeaturesSel;
  private int driverFeaturesSel;
  private long driverFeatures;
  private int queueSel;
  private int interruptStatus;
  private boolean paused;

  /**
   * @param device answers behind the registers
   * @param memory of the guest
   * @param irq the device's interrupt line
   */
  public MmioTransport(VirtioDevice device, GuestMemory memory, IrqLine irq) {
    this.device = device;
    this.irq = irq;
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
  public synchronized void interrupt(int index) {
    if (queues[index].wantsInterrupt()) {
      raise(VirtioMmio.INT_VRING);
    }
  }

  private void raise(int cause) {
    interruptStatus |= cause;
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
    if (index >= 0 && index < queues.length) {
      whileActive(() -> device.queueNotified(index));
    }
  }

  @Override
  public synchronized void whileActive(Runnable action) {
    boolean driven = (status & Virtio.STATUS_DRIVER_OK) != 0;
    if (paused || !driven || (status & Virtio.STATUS_NEEDS_RESET) != 0) {
      return;
    }
    try {
      action.run();
    } catch (GuestFaultException | GuestMemoryException e) {
      LOG.warn("virtio device {} needs a reset: {}", device.deviceId(), e.getMessage());
      status |= Virtio.STATUS_NEEDS_RESET;
      raise(VirtioMmio.INT_CONFIG);
    }
  }

  @Override
  public synchronized void read(long offset, MemorySegment data) {
    data.fill((byte) 0);
    if (offset >= VirtioMmio.CONFIG) {
      for (int i = 0; i < data.byteSize(); i++) {
        data.set(JAVA_BYTE, i, device.readConfig((int) offset - VirtioMmio.CONFIG + i));
      }
    } else if (data.byteSize() == 4) {
      data.set(JAVA_INT_UNALIGNED, 0, register((int) offset));
    }
  }

  private int register(int offset) {
    return switch (offset) {
      case VirtioMmio.MAGIC_VALUE -> VirtioMmio.MAGIC;
      case VirtioMmio.VERSION -> VirtioMmio.MODERN_VERSION;
      case VirtioMmio.DEVICE_ID -> device.deviceId();
      case VirtioMmio.VENDOR_ID -> VENDOR;
      case VirtioMmio.DEVICE_FEATURES -> half(device.features(), deviceFeaturesSel);
      case VirtioMmio.QUEUE_NUM_MAX -> selected() == null ? 0 : selected().maxSize();
      case VirtioMmio.QUEUE_READY -> selected() != null && selected().ready() ? 1 : 0;
      case VirtioMmio.INTERRUPT_STATUS -> interruptStatus;
      case VirtioMmio.STATUS -> status;
      case VirtioMmio.SHM_LEN_LOW,
          VirtioMmio.SHM_LEN_HIGH,
          VirtioMmio.SHM_BASE_LOW,
          VirtioMmio.SHM_BASE_HIGH ->
          -1;
      default -> 0;
    };
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
    synchronized (this) {
      try {
        setRegister((int) offset, value);
      } catch (GuestFaultException e) {
        LOG.warn("virtio device {} needs a reset: {}", device.deviceId(), e.getMessage());
        status |= Virtio.STATUS_NEEDS_RESET;
      }
    }
  }

  private void setRegister(int offset, int value) {
    Virtqueue queue = selected();
    switch (offset) {
      case VirtioMmio.DEVICE_FEATURES_SEL -> deviceFeaturesSel = value;
      case VirtioMmio.DRIVER_FEATURES_SEL -> driverFeaturesSel = value;
      case VirtioMmio.DRIVER_FEATURES -> setDriverFeatures(value);
      case VirtioMmio.QUEUE_SEL -> queueSel = value;
      case VirtioMmio.INTERRUPT_ACK -> interruptStatus &= ~value;
      case VirtioMmio.STATUS -> setStatus(value);
      default -> {
        if (queue != null) {
          setQueueRegister(queue, offset, value);
        }
      }
    }
  }

  private static void setQueueRegister(Virtqueue queue, int offset, int value) {
    switch (offset) {
      case VirtioMmio.QUEUE_NUM -> queue.setSize(value);
      case VirtioMmio.QUEUE_READY -> {
        if ((value & 1) != 0) {
          queue.enable();
        } else {
          queue.disable();
        }
      }
      case VirtioMmio.QUEUE_DESC_LOW -> queue.setDesc(low(queue.desc(), value));
      case VirtioMmio.QUEUE_DESC_HIGH -> queue.setDesc(high(queue.desc(), value));
      case VirtioMmio.QUEUE_AVAIL_LOW -> queue.setAvail(low(queue.avail(), value));
      case VirtioMmio.QUEUE_AVAIL_HIGH -> queue.setAvail(high(queue.avail(), value));
      case VirtioMmio.QUEUE_USED_LOW -> queue.setUsed(low(queue.used(), value));
      case VirtioMmio.QUEUE_USED_HIGH -> queue.setUsed(high(queue.used(), value));
      default -> {
        // Read-only or reserved.
      }
    }
  }

  private static long low(long whole, int value) {
    return whole & 0xFFFF_FFFF_0000_0000L | Integer.toUnsignedLong(value);
  }

  private static long high(long whole, int value) {
    return whole & 0xFFFF_FFFFL | (long) value << 32;
  }

  private void setDriverFeatures(int value) {
    if ((status & Virtio.STATUS_FEATURES_OK) != 0) {
      return;
    }
    if (driverFeaturesSel == 0) {
      driverFeatures = low(driverFeatures, value);
    } else if (driverFeaturesSel == 1) {
      driverFeatures = high(driverFeatures, value);
    }
  }

  private void setStatus(int value) {
    if (value == 0) {
      reset();
      return;
    }
    int next = value & 0xFF;
    boolean fits =
        (driverFeatures & ~device.features()) == 0 && (driverFeatures & Virtio.F_VERSION_1) != 0;
    if ((next & Virtio.STATUS_FEATURES_OK) != 0 && !fits) {
      // The driver reads the bit back to learn that its choice was refused.
      next &= ~Virtio.STATUS_FEATURES_OK;
    }
    if ((next & Virtio.STATUS_FEATURES_OK) == 0) {
      next &= ~Virtio.STATUS_DRIVER_OK;
    }
    status = next | status & Virtio.STATUS_NEEDS_RESET;
  }

  /** Takes the device back to what it was before any driver; nothing of the last one is left. */
  public synchronized void reset() {
    device.reset();
    for (Virtqueue queue : queues) {
      queue.reset();
    }
    status = 0;
    deviceFeaturesSel = 0;
    driverFeaturesSel = 0;
    driverFeatures = 0;
    queueSel = 0;
    interruptStatus = 0;
  }

  /** When this returns nothing here touches guest memory until {@link #resume}. */
  public synchronized void pause() {
    paused = true;
  }

  /** Goes on; whatever was put into queues meanwhile is looked at. Thread: the device loop. */
  public void resume() {
    synchronized (this) {
      paused = false;
    }
    for (int i = 0; i < queues.length; i++) {
      processQueue(i);
    }
  }

  /**
   * The state, for a snapshot. The selectors are left out: a driver sets them before each use,
   * under its own lock, and a paused guest is between accesses only by chance; see {@link
   * #restore}.
   *
   * @return registers, queues and the device's own state
   */
  public synchronized DeviceState capture() {
    List<QueueState> states = new ArrayList<>();
    for (Virtqueue queue : queues) {
      states.add(queue.capture());
    }
    return new DeviceState(
        device.deviceId(), status, driverFeatures, interruptStatus, states, device.saveState());
  }

  /**
   * Takes a state back, into a device that was just built or reset; it stays paused if it was.
   *
   * @param state not trusted
   * @throws IllegalArgumentException if it does not fit this device; the device is then reset
   */
  public synchronized void restore(DeviceState state) {
    if (state.deviceId() != device.deviceId() || state.queues().size() != queues.length) {
      throw new IllegalArgumentException(
          "state is of device type %d with %d queues, this is type %d with %d"
              .formatted(
                  state.deviceId(), state.queues().size(), device.deviceId(), queues.length));
    }
    if ((state.driverFeatures() & ~device.features()) != 0) {
      throw new IllegalArgumentException(
          "state has features 0x%x, offered are 0x%x"
              .formatted(state.driverFeatures(), device.features()));
    }
    try {
      for (int i = 0; i < queues.length; i++) {
        queues[i].restore(state.queues().get(i));
      }
      device.loadState(state.device());
    } catch (GuestFaultException | IllegalArgumentException e) {
      reset();
      throw new IllegalArgumentException("device state: " + e.getMessage(), e);
    }
    status = state.status() & 0xFF;
    driverFeatures = state.driverFeatures();
    interruptStatus = state.interruptStatus() & 3;
  }
}
