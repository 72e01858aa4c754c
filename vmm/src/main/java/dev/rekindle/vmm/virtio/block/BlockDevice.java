package dev.rekindle.vmm.virtio.block;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import dev.rekindle.vmm.abi.linux.Errno;
import dev.rekindle.vmm.abi.virtio.Virtio;
import dev.rekindle.vmm.abi.virtio.VirtioBlk;
import dev.rekindle.vmm.sys.ErrnoException;
import dev.rekindle.vmm.sys.OwnedFd;
import dev.rekindle.vmm.sys.Syscalls;
import dev.rekindle.vmm.virtio.DescriptorChain;
import dev.rekindle.vmm.virtio.DeviceContext;
import dev.rekindle.vmm.virtio.GuestFaultException;
import dev.rekindle.vmm.virtio.VirtioDevice;
import dev.rekindle.vmm.virtio.Virtqueue;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A disk in a file, read and written straight between the page cache and guest memory. Requests are
 * served one after the other on the device loop: right for images that lie in the page cache.
 */
public final class BlockDevice implements VirtioDevice {
  private static final Logger LOG = LoggerFactory.getLogger(BlockDevice.class);
  private static final int QUEUE_SIZE = 128;

  /** Then the other devices of the loop have their turn. */
  private static final int REQUESTS_AT_ONCE = 64;

  /** Logical blocks no larger than a sector: file systems with blocks of 1 KiB can be mounted. */
  private static final int BLOCK_BYTES = 512;

  private static final int STATE_BYTES = 9;

  private final OwnedFd backing;
  private final boolean readOnly;
  private final long sectors;
  private final byte[] serial;
  private final MemorySegment header = MemorySegment.ofArray(new byte[VirtioBlk.HEADER_BYTES]);
  private final MemorySegment config = MemorySegment.ofArray(new byte[VirtioBlk.CONFIG_BYTES]);
  private DeviceContext context;
  private boolean complained;

  /**
   * @param backing the file; stays the caller's
   * @param bytes its size; what is behind the last whole sector is not seen
   * @param readOnly whether writes are refused
   * @param serial shown to the guest, the first 20 bytes of it
   */
  public BlockDevice(OwnedFd backing, long bytes, boolean readOnly, String serial) {
    this.backing = backing;
    this.readOnly = readOnly;
    this.sectors = bytes / VirtioBlk.SECTOR_BYTES;
    this.serial = Arrays.copyOf(serial.getBytes(StandardCharsets.US_ASCII), VirtioBlk.ID_BYTES);
    config.set(JAVA_LONG_UNALIGNED, 0, sectors);
    config.set(JAVA_INT_UNALIGNED, VirtioBlk.CONFIG_SEG_MAX, QUEUE_SIZE - 2);
    config.set(JAVA_INT_UNALIGNED, VirtioBlk.CONFIG_BLK_SIZE, BLOCK_BYTES);
  }

  @Override
  public int deviceId() {
    return Virtio.ID_BLOCK;
  }

  @Override
  public long features() {
    long common = VirtioBlk.F_SEG_MAX | VirtioBlk.F_BLK_SIZE | VirtioBlk.F_FLUSH;
    return readOnly ? common | VirtioBlk.F_RO : common;
  }

  @Override
  public int[] queueMaxSizes() {
    return new int[] {QUEUE_SIZE};
  }

  @Override
  public byte readConfig(int offset) {
    return offset < VirtioBlk.CONFIG_BYTES ? config.get(JAVA_BYTE, offset) : 0;
  }

  @Override
  public void attach(DeviceContext newContext) {
    context = newContext;
  }

  @Override
  public boolean queueNotified(int index) {
    Virtqueue queue = context.queue(index);
    int served = 0;
    while (served < REQUESTS_AT_ONCE && queue.hasNext()) {
      DescriptorChain chain = queue.next();
      queue.complete(chain, serve(chain));
      served++;
    }
    context.interrupt(index);
    return served == REQUESTS_AT_ONCE;
  }

  /** Serves one request; returns the bytes written into its buffers, the status byte included. */
  private long serve(DescriptorChain chain) {
    if (chain.readableBytes() < VirtioBlk.HEADER_BYTES || chain.writableBytes() < 1) {
      throw new GuestFaultException("block request without a header or a status");
    }
    chain.readInto(0, header);
    int type = header.get(JAVA_INT_UNALIGNED, 0);
    long sector = header.get(JAVA_LONG_UNALIGNED, 8);
    long in = chain.writableBytes() - 1;
    byte status;
    try {
      status =
          switch (type) {
            case VirtioBlk.T_IN -> read(chain, sector, in);
            case VirtioBlk.T_OUT -> write(chain, sector);
            case VirtioBlk.T_FLUSH -> flush();
            case VirtioBlk.T_GET_ID -> identify(chain, in);
            default -> VirtioBlk.S_UNSUPP;
          };
    } catch (ErrnoException e) {
      if (!complained) {
        // Once: a guest could do nothing but this.
        complained = true;
        LOG.warn("disk {}: {}", backing, e.getMessage());
      }
      status = VirtioBlk.S_IOERR;
    }
    chain.writeFrom(in, MemorySegment.ofArray(new byte[] {status}));
    return type == VirtioBlk.T_IN && status == VirtioBlk.S_OK ? in + 1 : 1;
  }

  private boolean outside(long sector, long bytes) {
    long count = bytes / VirtioBlk.SECTOR_BYTES;
    return bytes % VirtioBlk.SECTOR_BYTES != 0
        || sector < 0
        || sector > sectors
        || count > sectors - sector;
  }

  private byte read(DescriptorChain chain, long sector, long bytes) {
    if (outside(sector, bytes)) {
      return VirtioBlk.S_IOERR;
    }
    long[] at = {sector * VirtioBlk.SECTOR_BYTES};
    chain.forEachWritable(
        0,
        bytes,
        part -> {
          long done = 0;
          while (done < part.byteSize()) {
            long n = Syscalls.pread(backing.fd(), part.asSlice(done), at[0] + done);
            if (n == 0) {
              throw new ErrnoException("pread", Errno.EIO, "the file became shorter");
            }
            done += n;
          }
          at[0] += part.byteSize();
        });
    return VirtioBlk.S_OK;
  }

  private byte write(DescriptorChain chain, long sector) {
    long bytes = chain.readableBytes() - VirtioBlk.HEADER_BYTES;
    if (readOnly || outside(sector, bytes)) {
      return VirtioBlk.S_IOERR;
    }
    long[] at = {sector * VirtioBlk.SECTOR_BYTES};
    chain.forEachReadable(
        VirtioBlk.HEADER_BYTES,
        bytes,
        part -> {
          long done = 0;
          while (done < part.byteSize()) {
            done += Syscalls.pwrite(backing.fd(), part.asSlice(done), at[0] + done);
          }
          at[0] += part.byteSize();
        });
    return VirtioBlk.S_OK;
  }

  private byte flush() {
    if (!readOnly) {
      Syscalls.fsync(backing.fd());
    }
    return VirtioBlk.S_OK;
  }

  private byte identify(DescriptorChain chain, long bytes) {
    if (bytes < VirtioBlk.ID_BYTES) {
      return VirtioBlk.S_IOERR;
    }
    chain.writeFrom(0, MemorySegment.ofArray(serial));
    return VirtioBlk.S_OK;
  }

  @Override
  public void reset() {
    // Requests are served whole; none is ever half done.
  }

  /**
   * @return u64 sectors, u8 read-only
   */
  @Override
  public byte[] saveState() {
    return ByteBuffer.allocate(STATE_BYTES)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(sectors)
        .put((byte) (readOnly ? 1 : 0))
        .array();
  }

  /** The guest goes on with the disk it knows, so another size or mode is refused. */
  @Override
  public void loadState(byte[] state) {
    if (state.length == 0) {
      // From before the state was kept; the manifest's sizes are all there is to go by.
      return;
    }
    if (state.length != STATE_BYTES) {
      throw new IllegalArgumentException(
          "block state must have " + STATE_BYTES + " bytes, got " + state.length);
    }
    ByteBuffer in = ByteBuffer.wrap(state).order(ByteOrder.LITTLE_ENDIAN);
    long savedSectors = in.getLong();
    boolean savedReadOnly = in.get() != 0;
    if (savedSectors != sectors || savedReadOnly != readOnly) {
      throw new IllegalArgumentException(
          "disk must have %d sectors, read-only %s; %s has %d, read-only %s"
              .formatted(savedSectors, savedReadOnly, backing, sectors, readOnly));
    }
  }
}
