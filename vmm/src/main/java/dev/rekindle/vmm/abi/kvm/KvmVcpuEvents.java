package dev.rekindle.vmm.abi.kvm;

import static java.lang.foreign.MemoryLayout.sequenceLayout;
import static java.lang.foreign.MemoryLayout.structLayout;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.StructLayout;

/** {@code struct kvm_vcpu_events}; {@code linux/kvm.h}; 64 bytes, kept as they are. */
public final class KvmVcpuEvents {
  public static final StructLayout LAYOUT =
      structLayout(sequenceLayout(16, JAVA_INT).withName("events")).withName("kvm_vcpu_events");

  private KvmVcpuEvents() {}
}
