package dev.rekindle.vmm.vcpu;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.rekindle.vmm.abi.kvm.KvmIoctls;
import dev.rekindle.vmm.abi.kvm.KvmMpState;
import dev.rekindle.vmm.abi.kvm.KvmMsrEntry;
import dev.rekindle.vmm.abi.kvm.KvmMsrs;
import dev.rekindle.vmm.abi.kvm.KvmXcrs;
import dev.rekindle.vmm.kvm.KvmVcpu;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A {@link VcpuState} in native memory, ready to be loaded into any number of vCPUs without
 * decoding or allocation. Immutable; thread: any, as long as its arena lives.
 */
public final class PreparedVcpuState {
  private final MemorySegment regs;
  private final MemorySegment sregs;
  private final MemorySegment xsave;
  private final MemorySegment xcrs;
  private final MemorySegment debugregs;
  private final MemorySegment lapic;
  private final MemorySegment mpState;
  private final MemorySegment events;
  private final MemorySegment msrs;
  private final int msrCount;

  /**
   * Running or halted. In the other states {@code KVM_RUN} lets an INIT reset the registers before
   * it looks for any to load, and they would be lost.
   */
  private final boolean runnable;

  /**
   * @param state to prepare
   * @param arena owns the native copy
   */
  public PreparedVcpuState(VcpuState state, Arena arena) {
    regs = copy(state.regs(), arena);
    sregs = copy(state.sregs(), arena);
    xsave = copy(state.xsave(), arena);
    xcrs = copy(state.xcrs(), arena);
    debugregs = copy(state.debugregs(), arena);
    lapic = copy(state.lapic(), arena);
    mpState = copy(state.mpState(), arena);
    events = copy(state.events(), arena);
    msrCount = state.msrs().length / (int) KvmMsrEntry.LAYOUT.byteSize();
    int mp = mpState.get(JAVA_INT, KvmMpState.MP_STATE);
    runnable = mp == KvmMpState.RUNNABLE || mp == KvmMpState.HALTED;
    long head = KvmMsrs.LAYOUT.byteSize();
    msrs = arena.allocate(head + state.msrs().length, 8);
    msrs.set(JAVA_INT, KvmMsrs.NMSRS, msrCount);
    MemorySegment.copy(state.msrs(), 0, msrs, JAVA_BYTE, head, state.msrs().length);
  }

  private static MemorySegment copy(byte[] bytes, Arena arena) {
    MemorySegment copy = arena.allocate(bytes.length, 8);
    MemorySegment.copy(bytes, 0, copy, JAVA_BYTE, 0, bytes.length);
    return copy;
  }

  /**
   * Writes every register set, some of them by the next {@code KVM_RUN}: on some hosts entering a
   * vCPU's ioctl costs more than what it does. Call while the vCPU is not in the guest.
   *
   * @param vcpu of the same CPUID and features as the one the state was read from
   * @throws dev.rekindle.vmm.sys.ErrnoException {@code EINVAL} where KVM refuses a value
   * @throws IllegalStateException naming the model-specific register that KVM refuses
   */
  public void load(KvmVcpu vcpu) {
    vcpu.forgetLoad();
    boolean atNextRun = runnable && vcpu.canLoadAtNextRun(sregs);
    // SREGS first: it sets the mode that the rest is checked against, and the APIC base that the
    // LAPIC needs. MSRs after the LAPIC, since the TSC deadline arms its timer. Events last.
    if (!atNextRun) {
      vcpu.setSregs(sregs);
      vcpu.state(KvmIoctls.SET_REGS, regs);
    }
    // A host processor without XSAVE has none, and KVM refuses to write none.
    if (xcrs.get(JAVA_INT, KvmXcrs.NR_XCRS) > 0) {
      vcpu.state(KvmIoctls.SET_XCRS, xcrs);
    }
    vcpu.state(KvmIoctls.SET_XSAVE, xsave);
    vcpu.state(KvmIoctls.SET_DEBUGREGS, debugregs);
    vcpu.state(KvmIoctls.SET_LAPIC, lapic);
    int done = vcpu.state(KvmIoctls.SET_MSRS, msrs);
    if (done != msrCount) {
      long at = KvmMsrs.LAYOUT.byteSize() + done * KvmMsrEntry.LAYOUT.byteSize();
      int index = msrs.get(JAVA_INT, at + KvmMsrEntry.INDEX);
      throw new IllegalStateException("KVM refuses the value of MSR 0x%x".formatted(index));
    }
    if (!atNextRun) {
      vcpu.state(KvmIoctls.SET_VCPU_EVENTS, events);
    }
    vcpu.state(KvmIoctls.SET_MP_STATE, mpState);
    if (atNextRun) {
      vcpu.loadAtNextRun(regs, sregs, events);
    }
  }
}
