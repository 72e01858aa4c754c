package dev.rekindle.vmm.abi.kvm;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.MemoryLayout.sequenceLayout;
import static java.lang.foreign.MemoryLayout.structLayout;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.StructLayout;

/**
 * {@code struct kvm_run}; {@code linux/kvm.h}; shared with the kernel, one a vCPU; the part before
 * the exits.
 */
public final class KvmRun {
  public static final int EXIT_UNKNOWN = 0;
  public static final int EXIT_IO = 2;
  public static final int EXIT_DEBUG = 4;
  public static final int EXIT_HLT = 5;
  public static final int EXIT_MMIO = 6;
  public static final int EXIT_IRQ_WINDOW_OPEN = 7;
  public static final int EXIT_SHUTDOWN = 8;
  public static final int EXIT_FAIL_ENTRY = 9;
  public static final int EXIT_INTR = 10;
  public static final int EXIT_INTERNAL_ERROR = 17;
  public static final int EXIT_SYSTEM_EVENT = 24;
  public static final int EXIT_IO_IN = 0;
  public static final int EXIT_IO_OUT = 1;

  /**
   * {@code io.direction}, {@code io.size}, {@code io.port}, {@code io.count}, {@code
   * io.data_offset}.
   */
  public static final long IO_DIRECTION = 32;

  public static final long IO_SIZE = 33;
  public static final long IO_PORT = 34;
  public static final long IO_COUNT = 36;
  public static final long IO_DATA_OFFSET = 40;

  /** {@code mmio.phys_addr}, {@code mmio.data}, {@code mmio.len}, {@code mmio.is_write}. */
  public static final long MMIO_PHYS_ADDR = 32;

  public static final long MMIO_DATA = 40;
  public static final long MMIO_LEN = 48;
  public static final long MMIO_IS_WRITE = 52;

  /**
   * {@code internal.suberror}, {@code fail_entry.hardware_entry_failure_reason}, {@code
   * system_event.type}.
   */
  public static final long INTERNAL_SUBERROR = 32;

  public static final long FAIL_ENTRY_REASON = 32;
  public static final long SYSTEM_EVENT_TYPE = 32;

  /**
   * Which of {@code s.regs} the next {@code KVM_RUN} loads before it enters the guest; the kernel
   * clears each bit as it does.
   */
  public static final long DIRTY_REGS = 296;

  /** {@code s.regs}: {@code regs}, {@code sregs}, {@code events}. */
  public static final long SYNC_REGS = 304;

  public static final long SYNC_SREGS = 448;
  public static final long SYNC_EVENTS = 760;

  /** {@code REGS}, {@code SREGS} and {@code EVENTS} together. */
  public static final int SYNC_X86_VALID_FIELDS = 7;

  public static final StructLayout LAYOUT =
      structLayout(
              JAVA_BYTE.withName("request_interrupt_window"),
              JAVA_BYTE.withName("immediate_exit"),
              sequenceLayout(6, JAVA_BYTE).withName("padding1"),
              JAVA_INT.withName("exit_reason"),
              JAVA_BYTE.withName("ready_for_interrupt_injection"),
              JAVA_BYTE.withName("if_flag"),
              JAVA_SHORT.withName("flags"),
              JAVA_LONG.withName("cr8"),
              JAVA_LONG.withName("apic_base"))
          .withName("kvm_run");

  public static final long IMMEDIATE_EXIT = LAYOUT.byteOffset(groupElement("immediate_exit"));

  /** The guest's {@code IA32_APICBASE}, written by the kernel at every exit. */
  public static final long APIC_BASE = LAYOUT.byteOffset(groupElement("apic_base"));

  public static final long EXIT_REASON = LAYOUT.byteOffset(groupElement("exit_reason"));

  private KvmRun() {}
}
