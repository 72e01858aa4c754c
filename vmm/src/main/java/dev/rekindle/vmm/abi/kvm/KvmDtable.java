package dev.rekindle.vmm.abi.kvm;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.MemoryLayout.sequenceLayout;
import static java.lang.foreign.MemoryLayout.structLayout;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.StructLayout;

/** {@code struct kvm_dtable}; {@code linux/kvm.h}; 16 bytes. */
public final class KvmDtable {
  public static final StructLayout LAYOUT =
      structLayout(
              JAVA_LONG.withName("base"),
              JAVA_SHORT.withName("limit"),
              sequenceLayout(3, JAVA_SHORT).withName("padding"))
          .withName("kvm_dtable");

  public static final long BASE = LAYOUT.byteOffset(groupElement("base"));
  public static final long LIMIT = LAYOUT.byteOffset(groupElement("limit"));

  private KvmDtable() {}
}
