package dev.rekindle.vmm.abi.kvm;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.MemoryLayout.structLayout;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.StructLayout;

/** {@code struct kvm_msrs}; {@code linux/kvm.h}; 8 bytes, followed by the entries. */
public final class KvmMsrs {
  public static final StructLayout LAYOUT =
      structLayout(JAVA_INT.withName("nmsrs"), JAVA_INT.withName("pad")).withName("kvm_msrs");

  public static final long NMSRS = LAYOUT.byteOffset(groupElement("nmsrs"));

  private KvmMsrs() {}
}
