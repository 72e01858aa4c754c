package dev.rekindle.vmm.vcpu;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.rekindle.vmm.abi.kvm.KvmDebugregs;
import dev.rekindle.vmm.abi.kvm.KvmIoctls;
import dev.rekindle.vmm.abi.kvm.KvmLapicState;
import dev.rekindle.vmm.abi.kvm.KvmMpState;
import dev.rekindle.vmm.abi.kvm.KvmMsrEntry;
import dev.rekindle.vmm.abi.kvm.KvmMsrs;
import dev.rekindle.vmm.abi.kvm.KvmRegs;
import dev.rekindle.vmm.abi.kvm.KvmSregs;
import dev.rekindle.vmm.abi.kvm.KvmVcpuEvents;
import dev.rekindle.vmm.abi.kvm.KvmXcrs;
import dev.rekindle.vmm.arch.x86.Msrs;
import dev.rekindle.vmm.kvm.KvmVcpu;
import dev.rekindle.vmm.sys.IoctlRequest;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** Reads every register set of a parked vCPU. Call on the vCPU's thread. */
public final class VcpuStateReader {
  private VcpuStateReader() {}

  /**
   * @param vcpu parked, its last exit complete
   * @param xsaveBytes see {@link dev.rekindle.vmm.kvm.Kvm#xsaveBytes}
   * @param msrs indices that {@link #readableMsrs} found
   * @return the state
   */
  public static VcpuState read(KvmVcpu vcpu, int xsaveBytes, int[] msrs) {
    try (Arena arena = Arena.ofConfined()) {
      // The order matters where reading has effects: the multiprocessing state first (KVM applies
      // pending INIT and SIPI then), the events last (reading registers may complete some).
      byte[] mpState = get(vcpu, KvmIoctls.GET_MP_STATE, KvmMpState.LAYOUT.byteSize(), arena);
      byte[] regs = get(vcpu, KvmIoctls.GET_REGS, KvmRegs.LAYOUT.byteSize(), arena);
      byte[] sregs = get(vcpu, KvmIoctls.GET_SREGS, KvmSregs.LAYOUT.byteSize(), arena);
      IoctlRequest xsave = xsaveBytes > 4096 ? KvmIoctls.GET_XSAVE2 : KvmIoctls.GET_XSAVE;
      return new VcpuState(
          regs,
          sregs,
          get(vcpu, xsave, xsaveBytes, arena),
          get(vcpu, KvmIoctls.GET_XCRS, KvmXcrs.LAYOUT.byteSize(), arena),
          get(vcpu, KvmIoctls.GET_DEBUGREGS, KvmDebugregs.LAYOUT.byteSize(), arena),
          get(vcpu, KvmIoctls.GET_LAPIC, KvmLapicState.LAYOUT.byteSize(), arena),
          mpState,
          get(vcpu, KvmIoctls.GET_VCPU_EVENTS, KvmVcpuEvents.LAYOUT.byteSize(), arena),
          readMsrs(vcpu, msrs, arena));
    }
  }

  /**
   * Which of some model-specific registers this vCPU lets us read; the list of KVM names some that
   * depend on the processor's features.
   *
   * @param vcpu with its CPUID set
   * @param candidates in the order wanted
   * @return those that can be read, in that order
   */
  public static int[] readableMsrs(KvmVcpu vcpu, int[] candidates) {
    int[] readable = new int[candidates.length];
    int count = 0;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment one = table(arena, 1);
      for (int index : candidates) {
        one.set(JAVA_INT, KvmMsrs.LAYOUT.byteSize() + KvmMsrEntry.INDEX, index);
        if (vcpu.state(KvmIoctls.GET_MSRS, one) == 1) {
          readable[count++] = index;
        }
      }
    }
    return Arrays.copyOf(readable, count);
  }

  private static byte[] get(KvmVcpu vcpu, IoctlRequest request, long bytes, Arena arena) {
    MemorySegment state = arena.allocate(bytes, 8);
    vcpu.state(request, state);
    return state.toArray(JAVA_BYTE);
  }

  private static byte[] readMsrs(KvmVcpu vcpu, int[] indices, Arena arena) {
    MemorySegment all = table(arena, indices.length);
    long entry = KvmMsrEntry.LAYOUT.byteSize();
    long head = KvmMsrs.LAYOUT.byteSize();
    for (int i = 0; i < indices.length; i++) {
      all.set(JAVA_INT, head + i * entry + KvmMsrEntry.INDEX, indices[i]);
    }
    int done = vcpu.state(KvmIoctls.GET_MSRS, all);
    if (done != indices.length) {
      throw new IllegalStateException("cannot read MSR 0x%x".formatted(indices[done]));
    }
    return Msrs.withDeadlineKept(all.asSlice(head).toArray(JAVA_BYTE));
  }

  private static MemorySegment table(Arena arena, int count) {
    long bytes = KvmMsrs.LAYOUT.byteSize() + count * KvmMsrEntry.LAYOUT.byteSize();
    MemorySegment all = arena.allocate(bytes, 8);
    all.set(JAVA_INT, KvmMsrs.NMSRS, count);
    return all;
  }
}
