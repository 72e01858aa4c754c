package dev.rekindle.vmm.arch.x86;

import dev.rekindle.vmm.memory.GuestMemory;

/**
 * Flat segments for a kernel's first instructions (Intel SDM volume 3, 3.4.5): null, code, data,
 * TSS. The boot protocols ask for code at selector 0x10 and data at 0x18 ({@code __BOOT_CS}, {@code
 * __BOOT_DS}), so a second null descriptor precedes them.
 */
public final class Gdt {
  /** 64-bit code; {@code Documentation/arch/x86/boot.rst}, "64-bit Boot Protocol". */
  public static final Gdt LONG_MODE = new Gdt(true);

  /** 32-bit code; PVH. */
  public static final Gdt PROTECTED_MODE = new Gdt(false);

  private static final int CODE_INDEX = 2;
  private static final int DATA_INDEX = 3;
  private static final int TSS_INDEX = 4;
  private static final int ENTRIES = 6;

  /** Code, execute and read, accessed: the processor would otherwise write the bit back. */
  private static final int TYPE_CODE = 0xB;

  /** Data, read and write, accessed. */
  private static final int TYPE_DATA = 0x3;

  /** TSS, busy: what tr holds must be. The 64-bit and the 32-bit type have the same number. */
  private static final int TYPE_TSS_BUSY = 0xB;

  private static final int FLAT = 0xFFFF_FFFF;
  private static final int TSS_LIMIT = 0x67;

  private final SegmentState code;
  private final SegmentState data;
  private final SegmentState tss;

  private Gdt(boolean longMode) {
    int is64 = longMode ? 1 : 0;
    code = new SegmentState(0, FLAT, CODE_INDEX * 8, TYPE_CODE, 1, 0, 1 - is64, 1, is64, 1);
    data = new SegmentState(0, FLAT, DATA_INDEX * 8, TYPE_DATA, 1, 0, 1, 1, 0, 1);
    tss = new SegmentState(0, TSS_LIMIT, TSS_INDEX * 8, TYPE_TSS_BUSY, 1, 0, 0, 0, 0, 0);
  }

  /**
   * @return for cs
   */
  public SegmentState code() {
    return code;
  }

  /**
   * @return for ds, es, fs, gs and ss
   */
  public SegmentState data() {
    return data;
  }

  /**
   * @return for tr
   */
  public SegmentState tss() {
    return tss;
  }

  /**
   * @return size of the table in bytes, less 1
   */
  public int limit() {
    return ENTRIES * 8 - 1;
  }

  /**
   * @param memory of the guest
   * @param gpa where the table goes
   */
  public void write(GuestMemory memory, long gpa) {
    memory.slice(gpa, ENTRIES * 8L).fill((byte) 0);
    for (SegmentState segment : new SegmentState[] {code, data, tss}) {
      memory.putLong(gpa + segment.selector(), descriptor(segment));
    }
    // In long mode a TSS descriptor has 16 bytes; the upper half, base bits 63 to 32, stays 0.
  }

  /** The 8 bytes of a segment's descriptor. */
  static long descriptor(SegmentState s) {
    long limit = (s.g() == 1 ? s.limit() >>> 12 : s.limit()) & 0xF_FFFFL;
    long low = (limit & 0xFFFF) | (s.base() & 0xFF_FFFF) << 16;
    long access = s.type() | s.s() << 4 | s.dpl() << 5 | s.present() << 7;
    long flags = (s.l() << 1 | s.db() << 2 | s.g() << 3) & 0xFL;
    return low | access << 40 | (limit >>> 16) << 48 | flags << 52 | (s.base() >>> 24 & 0xFF) << 56;
  }
}
