package dev.rekindle.vmm.boot;

import dev.rekindle.vmm.arch.x86.AddressMap;
import dev.rekindle.vmm.arch.x86.Gdt;
import dev.rekindle.vmm.arch.x86.IdentityPageTables;
import dev.rekindle.vmm.arch.x86.SegmentState;
import dev.rekindle.vmm.memory.GuestMemory;

/**
 * Registers of the boot processor at its first instruction; all others are 0, {@code rflags} is 2.
 * {@code code} goes to cs, {@code data} to ds, es, fs, gs and ss, {@code tss} to tr; ldt is
 * unusable. Further processors get nothing: they wait for their startup interrupt.
 *
 * @param rip first instruction
 * @param rsi the zero page, or 0
 * @param rbx PVH's start information, or 0
 * @param rsp a small stack, or 0
 * @param cr0 protected mode, with paging or without
 * @param cr3 identity page tables, or 0
 * @param cr4 with PAE, or 0
 * @param efer long mode, or 0
 * @param code flat code segment, 64-bit or 32-bit
 * @param data flat data segment
 * @param tss task state; hardware insists on one
 * @param gdtBase where the descriptors of the three lie
 * @param gdtLimit size of that table less 1
 * @param idtBase 0: the kernel takes no interrupt before it has its own
 * @param idtLimit 0
 */
public record BootCpuState(
    long rip,
    long rsi,
    long rbx,
    long rsp,
    long cr0,
    long cr3,
    long cr4,
    long efer,
    SegmentState code,
    SegmentState data,
    SegmentState tss,
    long gdtBase,
    int gdtLimit,
    long idtBase,
    int idtLimit) {
  /** {@code rflags} of every boot: interrupts off, the bit that is always set. */
  public static final long RFLAGS = 2;

  private static final long CR0_PE = 1;
  private static final long CR0_ET = 1 << 4;
  private static final long CR0_PG = 1L << 31;
  private static final long CR4_PAE = 1 << 5;
  private static final long EFER_LME = 1 << 8;
  private static final long EFER_LMA = 1 << 10;

  /**
   * Writes descriptors and page tables and gives the registers that fit them.
   *
   * @param memory of the guest
   * @param kernel as loaded
   * @return the boot processor's registers
   */
  static BootCpuState write(GuestMemory memory, LoadedKernel kernel) {
    return switch (kernel.protocol()) {
      case LINUX_64 -> {
        Gdt gdt = Gdt.LONG_MODE;
        gdt.write(memory, AddressMap.GDT);
        yield new BootCpuState(
            kernel.entryGpa(),
            AddressMap.ZERO_PAGE,
            0,
            AddressMap.BOOT_STACK,
            CR0_PE | CR0_ET | CR0_PG,
            IdentityPageTables.write(memory, AddressMap.PAGE_TABLES),
            CR4_PAE,
            EFER_LME | EFER_LMA,
            gdt.code(),
            gdt.data(),
            gdt.tss(),
            AddressMap.GDT,
            gdt.limit(),
            0,
            0);
      }
      case PVH -> {
        Gdt gdt = Gdt.PROTECTED_MODE;
        gdt.write(memory, AddressMap.GDT);
        yield new BootCpuState(
            kernel.entryGpa(),
            0,
            AddressMap.PVH_START_INFO,
            0,
            CR0_PE | CR0_ET,
            0,
            0,
            0,
            gdt.code(),
            gdt.data(),
            gdt.tss(),
            AddressMap.GDT,
            gdt.limit(),
            0,
            0);
      }
    };
  }
}
