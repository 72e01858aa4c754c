package dev.rekindle.vmm.abi.kvm;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.MemoryLayout.structLayout;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.StructLayout;

/** {@code struct kvm_segment}; {@code linux/kvm.h}; 24 bytes. */
public final class KvmSegment {
  public static final StructLayout LAYOUT =
      structLayout(
              JAVA_LONG.withName("base"),
              JAVA_INT.withName("limit"),
              JAVA_SHORT.withName("selector"),
              JAVA_BYTE.withName("type"),
              JAVA_BYTE.withName("present"),
              JAVA_BYTE.withName("dpl"),
              JAVA_BYTE.withName("db"),
              JAVA_BYTE.withName("s"),
              JAVA_BYTE.withName("l"),
              JAVA_BYTE.withName("g"),
              JAVA_BYTE.withName("avl"),
              JAVA_BYTE.withName("unusable"),
              JAVA_BYTE.withName("padding"))
          .withName("kvm_segment");

  public static final long BASE = LAYOUT.byteOffset(groupElement("base"));
  public static final long LIMIT = LAYOUT.byteOffset(groupElement("limit"));
  public static final long SELECTOR = LAYOUT.byteOffset(groupElement("selector"));
  public static final long TYPE = LAYOUT.byteOffset(groupElement("type"));
  public static final long PRESENT = LAYOUT.byteOffset(groupElement("present"));
  public static final long DPL = LAYOUT.byteOffset(groupElement("dpl"));
  public static final long DB = LAYOUT.byteOffset(groupElement("db"));
  public static final long S = LAYOUT.byteOffset(groupElement("s"));
  public static final long L = LAYOUT.byteOffset(groupElement("l"));
  public static final long G = LAYOUT.byteOffset(groupElement("g"));
  public static final long AVL = LAYOUT.byteOffset(groupElement("avl"));
  public static final long UNUSABLE = LAYOUT.byteOffset(groupElement("unusable"));

  private KvmSegment() {}
}
