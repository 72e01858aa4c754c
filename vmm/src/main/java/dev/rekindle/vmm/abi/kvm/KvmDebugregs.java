package dev.rekindle.vmm.abi.kvm;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.MemoryLayout.sequenceLayout;
import static java.lang.foreign.MemoryLayout.structLayout;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.StructLayout;

/** {@code struct kvm_debugregs}; {@code linux/kvm.h}; 128 bytes. */
public final class KvmDebugregs {
  public static final StructLayout LAYOUT =
      structLayout(
              sequenceLayout(4, JAVA_LONG).withName("db"),
              JAVA_LONG.withName("dr6"),
              JAVA_LONG.withName("dr7"),
              JAVA_LONG.withName("flags"),
              sequenceLayout(9, JAVA_LONG).withName("reserved"))
          .withName("kvm_debugregs");

  public static final long DR6 = LAYOUT.byteOffset(groupElement("dr6"));
  public static final long DR7 = LAYOUT.byteOffset(groupElement("dr7"));

  private KvmDebugregs() {}
}
