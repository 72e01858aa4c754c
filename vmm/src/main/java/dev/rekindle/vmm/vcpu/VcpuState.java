package dev.rekindle.vmm.vcpu;

import dev.rekindle.vmm.abi.kvm.KvmDebugregs;
import dev.rekindle.vmm.abi.kvm.KvmLapicState;
import dev.rekindle.vmm.abi.kvm.KvmMpState;
import dev.rekindle.vmm.abi.kvm.KvmMsrEntry;
import dev.rekindle.vmm.abi.kvm.KvmRegs;
import dev.rekindle.vmm.abi.kvm.KvmSregs;
import dev.rekindle.vmm.abi.kvm.KvmVcpuEvents;
import dev.rekindle.vmm.abi.kvm.KvmXcrs;
import dev.rekindle.vmm.abi.kvm.KvmXsave;
import java.util.Arrays;

/**
 * Every register set of a vCPU, each as the kernel's struct, byte for byte. The arrays are not
 * copied: who makes one gives it away.
 *
 * @param regs {@code struct kvm_regs}
 * @param sregs {@code struct kvm_sregs}
 * @param xsave {@code struct kvm_xsave}, 4096 bytes or more
 * @param xcrs {@code struct kvm_xcrs}
 * @param debugregs {@code struct kvm_debugregs}
 * @param lapic {@code struct kvm_lapic_state}
 * @param mpState {@code struct kvm_mp_state}
 * @param events {@code struct kvm_vcpu_events}
 * @param msrs {@code struct kvm_msr_entry}, one after the other, in the order to restore them
 */
public record VcpuState(
    byte[] regs,
    byte[] sregs,
    byte[] xsave,
    byte[] xcrs,
    byte[] debugregs,
    byte[] lapic,
    byte[] mpState,
    byte[] events,
    byte[] msrs) {
  /** Largest extended state accepted, bytes: AMX needs under 12 KiB. */
  public static final int MAX_XSAVE_BYTES = 64 * 1024;

  /** Most model-specific registers accepted. */
  public static final int MAX_MSRS = 1024;

  /** Checks every size, since a state may come from a file. */
  public VcpuState {
    exactly("regs", regs, KvmRegs.LAYOUT.byteSize());
    exactly("sregs", sregs, KvmSregs.LAYOUT.byteSize());
    exactly("xcrs", xcrs, KvmXcrs.LAYOUT.byteSize());
    exactly("debugregs", debugregs, KvmDebugregs.LAYOUT.byteSize());
    exactly("lapic", lapic, KvmLapicState.LAYOUT.byteSize());
    exactly("mpState", mpState, KvmMpState.LAYOUT.byteSize());
    exactly("events", events, KvmVcpuEvents.LAYOUT.byteSize());
    if (xsave.length < KvmXsave.LAYOUT.byteSize() || xsave.length > MAX_XSAVE_BYTES) {
      throw new IllegalArgumentException(
          "xsave must have [4096, " + MAX_XSAVE_BYTES + "] bytes, got " + xsave.length);
    }
    long entry = KvmMsrEntry.LAYOUT.byteSize();
    if (msrs.length % entry != 0 || msrs.length / entry > MAX_MSRS) {
      throw new IllegalArgumentException(
          "msrs must be up to " + MAX_MSRS + " entries of 16 bytes, got " + msrs.length + " bytes");
    }
  }

  private static void exactly(String name, byte[] value, long bytes) {
    if (value.length != bytes) {
      throw new IllegalArgumentException(
          name + " must have " + bytes + " bytes, got " + value.length);
    }
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof VcpuState o
        && Arrays.equals(regs, o.regs)
        && Arrays.equals(sregs, o.sregs)
        && Arrays.equals(xsave, o.xsave)
        && Arrays.equals(xcrs, o.xcrs)
        && Arrays.equals(debugregs, o.debugregs)
        && Arrays.equals(lapic, o.lapic)
        && Arrays.equals(mpState, o.mpState)
        && Arrays.equals(events, o.events)
        && Arrays.equals(msrs, o.msrs);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(regs) * 31 + Arrays.hashCode(msrs);
  }
}
