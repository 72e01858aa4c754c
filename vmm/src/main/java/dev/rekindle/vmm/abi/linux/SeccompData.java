package dev.rekindle.vmm.abi.linux;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.MemoryLayout.sequenceLayout;
import static java.lang.foreign.MemoryLayout.structLayout;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.StructLayout;

/**
 * {@code struct seccomp_data}, what a filter sees of a call, and the constants around it; {@code
 * linux/seccomp.h}, {@code linux/prctl.h}, {@code linux/audit.h}; 64 bytes.
 */
public final class SeccompData {
  public static final int PR_SET_NO_NEW_PRIVS = 38;
  public static final int SECCOMP_SET_MODE_FILTER = 1;
  public static final int SECCOMP_FILTER_FLAG_TSYNC = 1;

  public static final int SECCOMP_RET_KILL_PROCESS = 0x80000000;
  public static final int SECCOMP_RET_ERRNO = 0x00050000;
  public static final int SECCOMP_RET_LOG = 0x7ffc0000;
  public static final int SECCOMP_RET_ALLOW = 0x7fff0000;

  public static final int AUDIT_ARCH_X86_64 = 0xC000003E;

  public static final StructLayout LAYOUT =
      structLayout(
              JAVA_INT.withName("nr"),
              JAVA_INT.withName("arch"),
              JAVA_LONG.withName("instruction_pointer"),
              sequenceLayout(6, JAVA_LONG).withName("args"))
          .withName("seccomp_data");

  public static final int NR = (int) LAYOUT.byteOffset(groupElement("nr"));
  public static final int ARCH = (int) LAYOUT.byteOffset(groupElement("arch"));
  public static final int ARGS = (int) LAYOUT.byteOffset(groupElement("args"));

  private SeccompData() {}
}
