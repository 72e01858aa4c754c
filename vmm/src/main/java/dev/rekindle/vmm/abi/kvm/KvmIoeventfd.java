package dev.rekindle.vmm.abi.kvm;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.MemoryLayout.sequenceLayout;
import static java.lang.foreign.MemoryLayout.structLayout;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.StructLayout;

/** {@code struct kvm_ioeventfd}; {@code linux/kvm.h}; 64 bytes. */
public final class KvmIoeventfd {
  /** Match the value written as well as the address. */
  public static final int FLAG_DATAMATCH = 1;

  public static final int FLAG_PIO = 2;

  public static final StructLayout LAYOUT =
      structLayout(
              JAVA_LONG.withName("datamatch"),
              JAVA_LONG.withName("addr"),
              JAVA_INT.withName("len"),
              JAVA_INT.withName("fd"),
              JAVA_INT.withName("flags"),
              sequenceLayout(36, JAVA_BYTE).withName("pad"))
          .withName("kvm_ioeventfd");

  public static final long DATAMATCH = LAYOUT.byteOffset(groupElement("datamatch"));
  public static final long ADDR = LAYOUT.byteOffset(groupElement("addr"));
  public static final long LEN = LAYOUT.byteOffset(groupElement("len"));
  public static final long FD = LAYOUT.byteOffset(groupElement("fd"));
  public static final long FLAGS = LAYOUT.byteOffset(groupElement("flags"));

  private KvmIoeventfd() {}
}
