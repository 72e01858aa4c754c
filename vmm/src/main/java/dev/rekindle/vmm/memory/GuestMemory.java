package dev.rekindle.vmm.memory;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * A guest's memory by guest-physical address (gpa). RAM lies at {@code [0, 3 GiB)} and, what does
 * not fit there, from 4 GiB on, as on a PC. Numbers are little-endian. Every access checks its
 * range and throws {@link GuestMemoryException} outside of it. Thread: any; the guest writes the
 * same bytes at the same time, so whoever reads twice may see two values.
 */
public final class GuestMemory {
  /** Where RAM below the hole for devices ends. */
  public static final long LOW_LIMIT = 3L << 30;

  /** Where RAM above the hole begins. */
  public static final long HIGH_BASE = 4L << 30;

  private static final ValueLayout.OfShort SHORT_LE = JAVA_SHORT.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle SHORT_HANDLE = SHORT_LE.varHandle();

  private final MemorySegment low;
  private final MemorySegment high;
  private final long lowBytes;
  private final long highBytes;
  private final List<MemoryRegion> regions;

  /**
   * @param backing the whole memory as one host mapping: low RAM first, high RAM behind it
   */
  public GuestMemory(MemorySegment backing) {
    long size = backing.byteSize();
    lowBytes = Math.min(size, LOW_LIMIT);
    highBytes = size - lowBytes;
    low = backing.asSlice(0, lowBytes);
    high = backing.asSlice(lowBytes, highBytes);
    List<MemoryRegion> all = new ArrayList<>();
    all.add(new MemoryRegion(0, low, 0));
    if (highBytes > 0) {
      all.add(new MemoryRegion(HIGH_BASE, high, lowBytes));
    }
    regions = List.copyOf(all);
  }

  /**
   * Memory for tests, without a VM.
   *
   * @param sizeBytes a multiple of the page size
   * @param arena owns it
   * @return zeroed memory
   */
  public static GuestMemory allocate(long sizeBytes, Arena arena) {
    return new GuestMemory(arena.allocate(sizeBytes, 4096));
  }

  /**
   * @return one or two regions, by ascending gpa
   */
  public List<MemoryRegion> regions() {
    return regions;
  }

  /**
   * @return all regions together
   */
  public long sizeBytes() {
    return lowBytes + highBytes;
  }

  /**
   * The host memory behind a range.
   *
   * @param gpa first address
   * @param length bytes, 0 or more; the range must lie in one region
   * @return a view, not a copy
   * @throws GuestMemoryException if any of it is not guest memory
   */
  public MemorySegment slice(long gpa, long length) {
    if (gpa >= 0 && length >= 0) {
      if (gpa < lowBytes && length <= lowBytes - gpa) {
        return low.asSlice(gpa, length);
      }
      long above = gpa - HIGH_BASE;
      if (above >= 0 && above < highBytes && length <= highBytes - above) {
        return high.asSlice(above, length);
      }
    }
    throw new GuestMemoryException(gpa, length);
  }

  /**
   * Whether a range is guest memory.
   *
   * @param gpa first address
   * @param length bytes
   * @return true if {@link #slice} would succeed
   */
  public boolean contains(long gpa, long length) {
    if (gpa < 0 || length < 0) {
      return false;
    }
    long above = gpa - HIGH_BASE;
    return gpa < lowBytes && length <= lowBytes - gpa
        || above >= 0 && above < highBytes && length <= highBytes - above;
  }

  private MemorySegment region(long gpa, int length) {
    if (gpa >= 0 && gpa <= lowBytes - length) {
      return low;
    }
    if (gpa >= HIGH_BASE && gpa - HIGH_BASE <= highBytes - length) {
      return high;
    }
    throw new GuestMemoryException(gpa, length);
  }

  private static long offset(long gpa) {
    return gpa >= HIGH_BASE ? gpa - HIGH_BASE : gpa;
  }

  /**
   * @param gpa where
   * @return the byte there
   */
  public byte getByte(long gpa) {
    return region(gpa, 1).get(JAVA_BYTE, offset(gpa));
  }

  /**
   * @param gpa where; need not be aligned
   * @return the 16-bit number there
   */
  public short getShort(long gpa) {
    return region(gpa, 2).get(JAVA_SHORT_UNALIGNED, offset(gpa));
  }

  /**
   * @param gpa where; need not be aligned
   * @return the 32-bit number there
   */
  public int getInt(long gpa) {
    return region(gpa, 4).get(JAVA_INT_UNALIGNED, offset(gpa));
  }

  /**
   * @param gpa where; need not be aligned
   * @return the 64-bit number there
   */
  public long getLong(long gpa) {
    return region(gpa, 8).get(JAVA_LONG_UNALIGNED, offset(gpa));
  }

  /**
   * @param gpa where
   * @param value to write
   */
  public void putByte(long gpa, byte value) {
    region(gpa, 1).set(JAVA_BYTE, offset(gpa), value);
  }

  /**
   * @param gpa where; need not be aligned
   * @param value to write
   */
  public void putShort(long gpa, short value) {
    region(gpa, 2).set(JAVA_SHORT_UNALIGNED, offset(gpa), value);
  }

  /**
   * @param gpa where; need not be aligned
   * @param value to write
   */
  public void putInt(long gpa, int value) {
    region(gpa, 4).set(JAVA_INT_UNALIGNED, offset(gpa), value);
  }

  /**
   * @param gpa where; need not be aligned
   * @param value to write
   */
  public void putLong(long gpa, long value) {
    region(gpa, 8).set(JAVA_LONG_UNALIGNED, offset(gpa), value);
  }

  /**
   * Reads a ring index: what the guest wrote before it is seen by what is read after.
   *
   * @param gpa where; a multiple of 2
   * @return the 16-bit number there
   */
  public short getShortAcquire(long gpa) {
    return (short) SHORT_HANDLE.getAcquire(region(gpa, 2), offset(gpa));
  }

  /**
   * Writes a ring index: what was written before it is seen by a guest that sees it.
   *
   * @param gpa where; a multiple of 2
   * @param value to write
   */
  public void putShortRelease(long gpa, short value) {
    SHORT_HANDLE.setRelease(region(gpa, 2), offset(gpa), value);
  }

  /**
   * Copies out of guest memory.
   *
   * @param gpa first address
   * @param target filled whole
   */
  public void read(long gpa, MemorySegment target) {
    target.copyFrom(slice(gpa, target.byteSize()));
  }

  /**
   * Copies out of guest memory.
   *
   * @param gpa first address
   * @param target where to
   * @param at first index in the target
   * @param length bytes
   */
  public void read(long gpa, byte[] target, int at, int length) {
    MemorySegment.copy(slice(gpa, length), JAVA_BYTE, 0, target, at, length);
  }

  /**
   * Copies into guest memory.
   *
   * @param gpa first address
   * @param source copied whole
   */
  public void write(long gpa, MemorySegment source) {
    slice(gpa, source.byteSize()).copyFrom(source);
  }

  /**
   * Copies into guest memory.
   *
   * @param gpa first address
   * @param source where from
   * @param at first index in the source
   * @param length bytes
   */
  public void write(long gpa, byte[] source, int at, int length) {
    MemorySegment.copy(source, at, slice(gpa, length), JAVA_BYTE, 0, length);
  }
}
