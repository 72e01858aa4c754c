package dev.rekindle.vmm.machine;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.rekindle.vmm.abi.kvm.KvmDtable;
import dev.rekindle.vmm.abi.kvm.KvmIoctls;
import dev.rekindle.vmm.abi.kvm.KvmLapicState;
import dev.rekindle.vmm.abi.kvm.KvmMpState;
import dev.rekindle.vmm.abi.kvm.KvmMsrEntry;
import dev.rekindle.vmm.abi.kvm.KvmMsrs;
import dev.rekindle.vmm.abi.kvm.KvmRegs;
import dev.rekindle.vmm.abi.kvm.KvmSegment;
import dev.rekindle.vmm.abi.kvm.KvmSregs;
import dev.rekindle.vmm.arch.x86.Msrs;
import dev.rekindle.vmm.arch.x86.SegmentState;
import dev.rekindle.vmm.boot.BootCpuState;
import dev.rekindle.vmm.kvm.KvmVcpu;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Map;

/** Puts the state that firmware would leave into a vCPU that is not in the guest. */
final class BootRegisters {
  private static final int APIC_LVT_LINT0 = 0x350;
  private static final int APIC_LVT_LINT1 = 0x360;
  private static final int MODE_EXTINT = 0x700;
  private static final int MODE_NMI = 0x400;

  private BootRegisters() {}

  /**
   * @param vcpu fresh or used before
   * @param start the boot processor's registers; null for the others, which wait
   */
  static void load(KvmVcpu vcpu, BootCpuState start) {
    try (Arena arena = Arena.ofConfined()) {
      setMsrs(vcpu, arena);
      if (start != null) {
        setSregs(vcpu, start, arena);
        setRegs(vcpu, start, arena);
      }
      setLocalInterrupts(vcpu, arena);
      MemorySegment mp = arena.allocate(KvmMpState.LAYOUT);
      int state = start == null ? KvmMpState.UNINITIALIZED : KvmMpState.RUNNABLE;
      mp.set(JAVA_INT, KvmMpState.MP_STATE, state);
      vcpu.state(KvmIoctls.SET_MP_STATE, mp);
    }
  }

  /** Real mode at an address below 64 KiB, code segment 0, all else as after a reset. */
  static void realMode(KvmVcpu vcpu, long rip) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment sregs = arena.allocate(KvmSregs.LAYOUT);
      vcpu.state(KvmIoctls.GET_SREGS, sregs);
      sregs.set(JAVA_LONG, KvmSregs.CS + KvmSegment.BASE, 0L);
      sregs.set(JAVA_SHORT, KvmSregs.CS + KvmSegment.SELECTOR, (short) 0);
      vcpu.setSregs(sregs);
      MemorySegment regs = arena.allocate(KvmRegs.LAYOUT);
      regs.set(JAVA_LONG, KvmRegs.RIP, rip);
      regs.set(JAVA_LONG, KvmRegs.RFLAGS, BootCpuState.RFLAGS);
      vcpu.state(KvmIoctls.SET_REGS, regs);
    }
  }

  private static void setMsrs(KvmVcpu vcpu, Arena arena) {
    Map<Integer, Long> values = Msrs.atBoot();
    long head = KvmMsrs.LAYOUT.byteSize();
    long size = KvmMsrEntry.LAYOUT.byteSize();
    MemorySegment one = arena.allocate(head + size, 8);
    one.set(JAVA_INT, KvmMsrs.NMSRS, 1);
    for (Map.Entry<Integer, Long> value : values.entrySet()) {
      one.set(JAVA_INT, head + KvmMsrEntry.INDEX, value.getKey());
      one.set(JAVA_LONG, head + KvmMsrEntry.DATA, value.getValue());
      // A processor without one of these boots all the same: 0 done is no error.
      vcpu.state(KvmIoctls.SET_MSRS, one);
    }
  }

  private static void setSregs(KvmVcpu vcpu, BootCpuState start, Arena arena) {
    MemorySegment sregs = arena.allocate(KvmSregs.LAYOUT);
    vcpu.state(KvmIoctls.GET_SREGS, sregs);
    segment(sregs, KvmSregs.CS, start.code());
    for (long at : new long[] {KvmSregs.DS, KvmSregs.ES, KvmSregs.FS, KvmSregs.GS, KvmSregs.SS}) {
      segment(sregs, at, start.data());
    }
    segment(sregs, KvmSregs.TR, start.tss());
    sregs.set(JAVA_LONG, KvmSregs.GDT + KvmDtable.BASE, start.gdtBase());
    sregs.set(JAVA_SHORT, KvmSregs.GDT + KvmDtable.LIMIT, (short) start.gdtLimit());
    sregs.set(JAVA_LONG, KvmSregs.IDT + KvmDtable.BASE, start.idtBase());
    sregs.set(JAVA_SHORT, KvmSregs.IDT + KvmDtable.LIMIT, (short) start.idtLimit());
    sregs.set(JAVA_LONG, KvmSregs.CR0, start.cr0());
    sregs.set(JAVA_LONG, KvmSregs.CR3, start.cr3());
    sregs.set(JAVA_LONG, KvmSregs.CR4, start.cr4());
    sregs.set(JAVA_LONG, KvmSregs.EFER, start.efer());
    vcpu.setSregs(sregs);
  }

  private static void segment(MemorySegment sregs, long at, SegmentState s) {
    sregs.set(JAVA_LONG, at + KvmSegment.BASE, s.base());
    sregs.set(JAVA_INT, at + KvmSegment.LIMIT, s.limit());
    sregs.set(JAVA_SHORT, at + KvmSegment.SELECTOR, (short) s.selector());
    sregs.set(JAVA_BYTE, at + KvmSegment.TYPE, (byte) s.type());
    sregs.set(JAVA_BYTE, at + KvmSegment.PRESENT, (byte) s.present());
    sregs.set(JAVA_BYTE, at + KvmSegment.DPL, (byte) s.dpl());
    sregs.set(JAVA_BYTE, at + KvmSegment.DB, (byte) s.db());
    sregs.set(JAVA_BYTE, at + KvmSegment.S, (byte) s.s());
    sregs.set(JAVA_BYTE, at + KvmSegment.L, (byte) s.l());
    sregs.set(JAVA_BYTE, at + KvmSegment.G, (byte) s.g());
    sregs.set(JAVA_BYTE, at + KvmSegment.AVL, (byte) 0);
    sregs.set(JAVA_BYTE, at + KvmSegment.UNUSABLE, (byte) 0);
  }

  private static void setRegs(KvmVcpu vcpu, BootCpuState start, Arena arena) {
    MemorySegment regs = arena.allocate(KvmRegs.LAYOUT);
    regs.set(JAVA_LONG, KvmRegs.RIP, start.rip());
    regs.set(JAVA_LONG, KvmRegs.RSP, start.rsp());
    regs.set(JAVA_LONG, KvmRegs.RSI, start.rsi());
    regs.set(JAVA_LONG, KvmRegs.RBX, start.rbx());
    regs.set(JAVA_LONG, KvmRegs.RFLAGS, BootCpuState.RFLAGS);
    vcpu.state(KvmIoctls.SET_REGS, regs);
  }

  /** As firmware leaves them: the PICs through LINT0, NMI through LINT1. */
  private static void setLocalInterrupts(KvmVcpu vcpu, Arena arena) {
    MemorySegment lapic = arena.allocate(KvmLapicState.LAYOUT.byteSize(), 8);
    vcpu.state(KvmIoctls.GET_LAPIC, lapic);
    lapic.set(JAVA_INT, APIC_LVT_LINT0, MODE_EXTINT);
    lapic.set(JAVA_INT, APIC_LVT_LINT1, MODE_NMI);
    vcpu.state(KvmIoctls.SET_LAPIC, lapic);
  }
}
