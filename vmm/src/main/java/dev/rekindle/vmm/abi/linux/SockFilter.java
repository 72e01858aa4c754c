package dev.rekindle.vmm.abi.linux;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.MemoryLayout.structLayout;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.StructLayout;

/**
 * {@code struct sock_filter}, one instruction of classic BPF, and the operations the project uses;
 * {@code linux/filter.h}, {@code linux/bpf_common.h}; 8 bytes.
 */
public final class SockFilter {
  /** {@code BPF_LD | BPF_W | BPF_ABS}. */
  public static final int LOAD = 0x20;

  /** {@code BPF_ALU | BPF_AND | BPF_K}. */
  public static final int AND = 0x54;

  /** {@code BPF_JMP | BPF_JA}. */
  public static final int JUMP = 0x05;

  /** {@code BPF_JMP | BPF_JEQ | BPF_K}. */
  public static final int JUMP_IF_EQUAL = 0x15;

  /** {@code BPF_JMP | BPF_JGE | BPF_K}; unsigned. */
  public static final int JUMP_IF_AT_LEAST = 0x35;

  /** {@code BPF_RET | BPF_K}. */
  public static final int RETURN = 0x06;

  /** {@code BPF_MAXINSNS}. */
  public static final int MAX_INSTRUCTIONS = 4096;

  public static final StructLayout LAYOUT =
      structLayout(
              JAVA_SHORT.withName("code"),
              JAVA_BYTE.withName("jt"),
              JAVA_BYTE.withName("jf"),
              JAVA_INT.withName("k"))
          .withName("sock_filter");

  public static final long CODE = LAYOUT.byteOffset(groupElement("code"));
  public static final long JT = LAYOUT.byteOffset(groupElement("jt"));
  public static final long JF = LAYOUT.byteOffset(groupElement("jf"));
  public static final long K = LAYOUT.byteOffset(groupElement("k"));

  private SockFilter() {}
}
