package dev.rekindle.vmm.abi.kvm;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.MemoryLayout.structLayout;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.StructLayout;

/** {@code struct kvm_msr_entry}; {@code linux/kvm.h}; 16 bytes. */
public final class KvmMsrEntry {
  public static final StructLayout LAYOUT =
      structLayout(
              JAVA_INT.withName("index"), JAVA_INT.withName("reserved"), JAVA_LONG.withName("data"))
          .withName("kvm_msr_entry");

  public static final long INDEX = LAYOUT.byteOffset(groupElement("index"));
  public static final long DATA = LAYOUT.byteOffset(groupElement("data"));

  private KvmMsrEntry() {}
}
