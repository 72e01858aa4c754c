package dev.rekindle.vmm.abi.linux;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.MemoryLayout.paddingLayout;
import static java.lang.foreign.MemoryLayout.structLayout;
import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.StructLayout;

/** {@code struct sock_fprog}; {@code linux/filter.h}; 16 bytes. */
public final class SockFprog {
  public static final StructLayout LAYOUT =
      structLayout(JAVA_SHORT.withName("len"), paddingLayout(6), ADDRESS.withName("filter"))
          .withName("sock_fprog");

  public static final long LEN = LAYOUT.byteOffset(groupElement("len"));
  public static final long FILTER = LAYOUT.byteOffset(groupElement("filter"));

  private SockFprog() {}
}
