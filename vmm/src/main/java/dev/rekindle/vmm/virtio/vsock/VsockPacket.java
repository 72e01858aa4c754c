package dev.rekindle.vmm.virtio.vsock;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import dev.rekindle.vmm.abi.virtio.VirtioVsock;
import java.lang.foreign.MemorySegment;

/**
 * {@code struct virtio_vsock_hdr}, seen from this side.
 *
 * @param guestCid the guest's end
 * @param guestPort the guest's end
 * @param hostCid this end
 * @param hostPort this end
 * @param length of the payload, bytes
 * @param type 1 for streams
 * @param op see {@link VirtioVsock}
 * @param flags of a shutdown
 * @param bufAlloc the sender's receive buffer, bytes
 * @param fwdCnt bytes the sender has consumed so far, modulo 2^32
 */
record VsockPacket(
    long guestCid,
    int guestPort,
    long hostCid,
    int hostPort,
    int length,
    int type,
    int op,
    int flags,
    int bufAlloc,
    int fwdCnt) {

  static VsockPacket fromGuest(MemorySegment h) {
    return new VsockPacket(
        h.get(JAVA_LONG_UNALIGNED, VirtioVsock.HDR_SRC_CID),
        h.get(JAVA_INT_UNALIGNED, VirtioVsock.HDR_SRC_PORT),
        h.get(JAVA_LONG_UNALIGNED, VirtioVsock.HDR_DST_CID),
        h.get(JAVA_INT_UNALIGNED, VirtioVsock.HDR_DST_PORT),
        h.get(JAVA_INT_UNALIGNED, VirtioVsock.HDR_LEN),
        Short.toUnsignedInt(h.get(JAVA_SHORT_UNALIGNED, VirtioVsock.HDR_TYPE)),
        Short.toUnsignedInt(h.get(JAVA_SHORT_UNALIGNED, VirtioVsock.HDR_OP)),
        h.get(JAVA_INT_UNALIGNED, VirtioVsock.HDR_FLAGS),
        h.get(JAVA_INT_UNALIGNED, VirtioVsock.HDR_BUF_ALLOC),
        h.get(JAVA_INT_UNALIGNED, VirtioVsock.HDR_FWD_CNT));
  }

  /** What tells the guest that there is no such connection here. */
  VsockPacket reset() {
    return new VsockPacket(
        guestCid, guestPort, hostCid, hostPort, 0, type, VirtioVsock.OP_RST, 0, 0, 0);
  }

  void toGuest(MemorySegment h) {
    h.set(JAVA_LONG_UNALIGNED, VirtioVsock.HDR_SRC_CID, hostCid);
    h.set(JAVA_LONG_UNALIGNED, VirtioVsock.HDR_DST_CID, guestCid);
    h.set(JAVA_INT_UNALIGNED, VirtioVsock.HDR_SRC_PORT, hostPort);
    h.set(JAVA_INT_UNALIGNED, VirtioVsock.HDR_DST_PORT, guestPort);
    h.set(JAVA_INT_UNALIGNED, VirtioVsock.HDR_LEN, length);
    h.set(JAVA_SHORT_UNALIGNED, VirtioVsock.HDR_TYPE, (short) type);
    h.set(JAVA_SHORT_UNALIGNED, VirtioVsock.HDR_OP, (short) op);
    h.set(JAVA_INT_UNALIGNED, VirtioVsock.HDR_FLAGS, flags);
    h.set(JAVA_INT_UNALIGNED, VirtioVsock.HDR_BUF_ALLOC, bufAlloc);
    h.set(JAVA_INT_UNALIGNED, VirtioVsock.HDR_FWD_CNT, fwdCnt);
  }
}
