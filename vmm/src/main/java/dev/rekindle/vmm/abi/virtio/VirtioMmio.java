package dev.rekindle.vmm.abi.virtio;

/**
 * Registers of the memory-mapped transport; virtio 1.2, section 4.2.2; {@code linux/virtio_mmio.h}.
 */
public final class VirtioMmio {
  public static final int MAGIC_VALUE = 0x000;
  public static final int VERSION = 0x004;
  public static final int DEVICE_ID = 0x008;
  public static final int VENDOR_ID = 0x00C;
  public static final int DEVICE_FEATURES = 0x010;
  public static final int DEVICE_FEATURES_SEL = 0x014;
  public static final int DRIVER_FEATURES = 0x020;
  public static final int DRIVER_FEATURES_SEL = 0x024;
  public static final int QUEUE_SEL = 0x030;
  public static final int QUEUE_NUM_MAX = 0x034;
  public static final int QUEUE_NUM = 0x038;
  public static final int QUEUE_READY = 0x044;
  public static final int QUEUE_NOTIFY = 0x050;
  public static final int INTERRUPT_STATUS = 0x060;
  public static final int INTERRUPT_ACK = 0x064;
  public static final int STATUS = 0x070;
  public static final int QUEUE_DESC_LOW = 0x080;
  public static final int QUEUE_DESC_HIGH = 0x084;
  public static final int QUEUE_AVAIL_LOW = 0x090;
  public static final int QUEUE_AVAIL_HIGH = 0x094;
  public static final int QUEUE_USED_LOW = 0x0A0;
  public static final int QUEUE_USED_HIGH = 0x0A4;
  public static final int SHM_LEN_LOW = 0x0B0;
  public static final int SHM_LEN_HIGH = 0x0B4;
  public static final int SHM_BASE_LOW = 0x0B8;
  public static final int SHM_BASE_HIGH = 0x0BC;
  public static final int CONFIG_GENERATION = 0x0FC;
  public static final int CONFIG = 0x100;

  /** {@code virt}, little-endian. */
  public static final int MAGIC = 0x74726976;

  public static final int MODERN_VERSION = 2;
  public static final int INT_VRING = 1;
  public static final int INT_CONFIG = 2;

  private VirtioMmio() {}
}
