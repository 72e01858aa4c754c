package dev.rekindle.vmm.abi.virtio;

/** Device status, device types, features and ring flags; virtio 1.2, sections 2 and 5. */
public final class Virtio {
  public static final int STATUS_ACKNOWLEDGE = 1;
  public static final int STATUS_DRIVER = 2;
  public static final int STATUS_DRIVER_OK = 4;
  public static final int STATUS_FEATURES_OK = 8;
  public static final int STATUS_NEEDS_RESET = 64;
  public static final int STATUS_FAILED = 128;

  public static final int ID_BLOCK = 2;
  public static final int ID_RNG = 4;
  public static final int ID_VSOCK = 19;

  public static final long F_INDIRECT_DESC = 1L << 28;
  public static final long F_EVENT_IDX = 1L << 29;
  public static final long F_VERSION_1 = 1L << 32;

  public static final int DESC_F_NEXT = 1;
  public static final int DESC_F_WRITE = 2;
  public static final int DESC_F_INDIRECT = 4;
  public static final int AVAIL_F_NO_INTERRUPT = 1;

  /** {@code struct virtq_desc}: address, length, flags, next. */
  public static final int DESC_BYTES = 16;

  /** {@code struct virtq_used_elem}: id, length. */
  public static final int USED_ELEM_BYTES = 8;

  /** Flags and index before the entries of either ring. */
  public static final int RING_HEADER_BYTES = 4;

  private Virtio() {}
}
