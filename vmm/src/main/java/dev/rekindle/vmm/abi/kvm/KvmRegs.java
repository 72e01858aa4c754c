package dev.rekindle.vmm.abi.kvm;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.MemoryLayout.structLayout;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.StructLayout;

/** {@code struct kvm_regs}; {@code linux/kvm.h}; 144 bytes. */
public final class KvmRegs {
  public static final StructLayout LAYOUT =
      structLayout(
              JAVA_LONG.withName("rax"),
              JAVA_LONG.withName("rbx"),
              JAVA_LONG.withName("rcx"),
              JAVA_LONG.withName("rdx"),
              JAVA_LONG.withName("rsi"),
              JAVA_LONG.withName("rdi"),
              JAVA_LONG.withName("rsp"),
              JAVA_LONG.withName("rbp"),
              JAVA_LONG.withName("r8"),
              JAVA_LONG.withName("r9"),
              JAVA_LONG.withName("r10"),
              JAVA_LONG.withName("r11"),
              JAVA_LONG.withName("r12"),
              JAVA_LONG.withName("r13"),
              JAVA_LONG.withName("r14"),
              JAVA_LONG.withName("r15"),
              JAVA_LONG.withName("rip"),
              JAVA_LONG.withName("rflags"))
          .withName("kvm_regs");

  public static final long RAX = LAYOUT.byteOffset(groupElement("rax"));
  public static final long RBX = LAYOUT.byteOffset(groupElement("rbx"));
  public static final long RCX = LAYOUT.byteOffset(groupElement("rcx"));
  public static final long RDX = LAYOUT.byteOffset(groupElement("rdx"));
  public static final long RSI = LAYOUT.byteOffset(groupElement("rsi"));
  public static final long RDI = LAYOUT.byteOffset(groupElement("rdi"));
  public static final long RSP = LAYOUT.byteOffset(groupElement("rsp"));
  public static final long RBP = LAYOUT.byteOffset(groupElement("rbp"));
  public static final long RIP = LAYOUT.byteOffset(groupElement("rip"));
  public static final long RFLAGS = LAYOUT.byteOffset(groupElement("rflags"));

  private KvmRegs() {}
}
