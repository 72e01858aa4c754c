package dev.rekindle.vmm.abi.virtio;

/** The block device; virtio 1.2, section 5.2; {@code linux/virtio_blk.h}. */
public final class VirtioBlk {
  public static final int SECTOR_BYTES = 512;
  public static final long F_SEG_MAX = 1L << 2;
  public static final long F_RO = 1L << 5;
  public static final long F_BLK_SIZE = 1L << 6;
  public static final long F_FLUSH = 1L << 9;

  public static final int T_IN = 0;
  public static final int T_OUT = 1;
  public static final int T_FLUSH = 4;
  public static final int T_GET_ID = 8;
  public static final int ID_BYTES = 20;

  public static final byte S_OK = 0;
  public static final byte S_IOERR = 1;
  public static final byte S_UNSUPP = 2;

  /** Type, reserved, sector. */
  public static final int HEADER_BYTES = 16;

  public static final int CONFIG_BYTES = 60;
  public static final int CONFIG_SEG_MAX = 12;
  public static final int CONFIG_BLK_SIZE = 20;

  private VirtioBlk() {}
}
