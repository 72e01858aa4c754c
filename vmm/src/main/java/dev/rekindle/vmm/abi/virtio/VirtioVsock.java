package dev.rekindle.vmm.abi.virtio;

/** The socket device; virtio 1.2, section 5.10; {@code linux/virtio_vsock.h}. */
public final class VirtioVsock {
  public static final long HOST_CID = 2;
  public static final int TYPE_STREAM = 1;

  public static final int OP_REQUEST = 1;
  public static final int OP_RESPONSE = 2;
  public static final int OP_RST = 3;
  public static final int OP_SHUTDOWN = 4;
  public static final int OP_RW = 5;
  public static final int OP_CREDIT_UPDATE = 6;
  public static final int OP_CREDIT_REQUEST = 7;

  public static final int SHUTDOWN_RCV = 1;
  public static final int SHUTDOWN_SEND = 2;

  public static final int EVENT_TRANSPORT_RESET = 0;

  /** {@code struct virtio_vsock_hdr}, packed. */
  public static final int HEADER_BYTES = 44;

  public static final int HDR_SRC_CID = 0;
  public static final int HDR_DST_CID = 8;
  public static final int HDR_SRC_PORT = 16;
  public static final int HDR_DST_PORT = 20;
  public static final int HDR_LEN = 24;
  public static final int HDR_TYPE = 28;
  public static final int HDR_OP = 30;
  public static final int HDR_FLAGS = 32;
  public static final int HDR_BUF_ALLOC = 36;
  public static final int HDR_FWD_CNT = 40;

  private VirtioVsock() {}
}
