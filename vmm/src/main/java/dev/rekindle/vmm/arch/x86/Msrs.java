package dev.rekindle.vmm.arch.x86;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import dev.rekindle.vmm.abi.kvm.KvmMsrEntry;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Model-specific registers: which of them a snapshot carries, in which order they go back, and what
 * they hold at boot. Names as in {@code asm/msr-index.h} and {@code asm/kvm_para.h}.
 */
public final class Msrs {
  /** {@code IA32_TIME_STAMP_COUNTER}. */
  public static final int TSC = 0x10;

  /** {@code IA32_TSC_DEADLINE}. */
  public static final int TSC_DEADLINE = 0x6E0;

  private static final int TSC_ADJUST = 0x3B;
  private static final int MISC_ENABLE = 0x1A0;
  private static final int MISC_ENABLE_FAST_STRING = 1;
  private static final int MTRR_DEF_TYPE = 0x2FF;
  private static final int MTRR_ENABLE = 1 << 11;
  private static final int MTRR_WRITE_BACK = 6;

  private static final int KVM_WALL_CLOCK_NEW = 0x4B56_4D00;
  private static final int KVM_SYSTEM_TIME_NEW = 0x4B56_4D01;
  private static final int KVM_ASYNC_PF_EN = 0x4B56_4D02;
  private static final int KVM_STEAL_TIME = 0x4B56_4D03;
  private static final int KVM_PV_EOI_EN = 0x4B56_4D04;
  private static final int KVM_POLL_CONTROL = 0x4B56_4D05;
  private static final int KVM_ASYNC_PF_INT = 0x4B56_4D06;
  private static final int KVM_MIGRATION_CONTROL = 0x4B56_4D08;

  /**
   * Memory type ranges. KVM reads and writes them but does not list them. Linux leaves them as the
   * boot values below have them, other guests need not.
   */
  private static final int[] MTRRS =
      IntStream.concat(
              IntStream.of(0x250, 0x258, 0x259, MTRR_DEF_TYPE),
              IntStream.concat(
                  IntStream.rangeClosed(0x200, 0x20F), IntStream.rangeClosed(0x268, 0x26F)))
          .toArray();

  /**
   * Plain storage, in any order: what the guest last wrote. EFER, APIC_BASE, FS_BASE and GS_BASE
   * are in {@code kvm_sregs}.
   */
  private static final int[] STORAGE = {
    0x34, // SMI_COUNT
    0x3A, // FEAT_CTL
    0x48, // SPEC_CTRL
    0x8B, // UCODE_REV: the guest's mitigations were chosen by it
    0x9E, // SMBASE
    0xCE, // PLATFORM_INFO
    0xE1, // UMWAIT_CONTROL
    0x10A, // ARCH_CAPABILITIES
    0x122, // TSX_CTRL
    0x140, // MISC_FEATURES_ENABLES
    0x174, // SYSENTER_CS
    0x175, // SYSENTER_ESP
    0x176, // SYSENTER_EIP
    0x17A, // MCG_STATUS
    0x17B, // MCG_CTL
    0x4D0, // MCG_EXT_CTL
    MISC_ENABLE,
    0x1C4, // XFD
    0x1C5, // XFD_ERR
    0x1D9, // DEBUGCTL
    0x277, // PAT
    0xD90, // BNDCFGS
    0xDA0, // XSS: XRSTORS of supervisor state faults without it
    0xC000_0081, // STAR
    0xC000_0082, // LSTAR
    0xC000_0083, // CSTAR
    0xC000_0084, // SYSCALL_MASK
    0xC000_0102, // KERNEL_GS_BASE
    0xC000_0103, // TSC_AUX: rdtscp and the vDSO's getcpu
    0xC001_0015, // K7_HWCR
    0xC001_0117, // VM_HSAVE_PA
    0xC001_011F, // AMD64_VIRT_SPEC_CTRL
    0xC001_0140, // AMD64_OSVW_ID_LENGTH
    0xC001_0141, // AMD64_OSVW_STATUS
    0xC001_1029, // AMD64_DE_CFG: LFENCE serializes
  };

  /**
   * Time, in this order. TSC_ADJUST before TSC: older kernels move the counter when it is written.
   * TSC before everything that is counted in it. KVM's clock after the TSC it is computed from (and
   * after {@code KVM_SET_CLOCK}). Left out are the pre-2010 pair 0x11 and 0x12: they alias the new
   * one, and writing 0x12 tells older kernels that the guest uses the old interface. TSC_DEADLINE
   * last: it starts the timer; KVM ignores it before {@code KVM_SET_LAPIC} has put the timer into
   * deadline mode.
   */
  private static final int[] CLOCKS = {
    TSC_ADJUST, TSC, KVM_WALL_CLOCK_NEW, KVM_SYSTEM_TIME_NEW, KVM_STEAL_TIME, TSC_DEADLINE,
  };

  /**
   * The rest of KVM's own. ASYNC_PF_INT before ASYNC_PF_EN, which checks it; our guests are not
   * offered it ({@link Cpuid}), the value is then 0. PV_EOI_EN needs the LAPIC's state in place.
   */
  private static final int[] KVM_OWN = {
    KVM_ASYNC_PF_INT, KVM_ASYNC_PF_EN, KVM_PV_EOI_EN, KVM_POLL_CONTROL, KVM_MIGRATION_CONTROL,
  };

  private Msrs() {}

  /**
   * What a snapshot carries of each vCPU, in the order to write it back. KVM lists some registers
   * that a vCPU of other features cannot read, so ask each vCPU which it can.
   *
   * @param listed {@code KVM_GET_MSR_INDEX_LIST}
   * @return indices; among them the MTRRs, which no kernel lists
   */
  public static int[] forSnapshot(int[] listed) {
    Set<Integer> known = new HashSet<>();
    for (int index : listed) {
      known.add(index);
    }
    Arrays.stream(MTRRS).forEach(known::add);
    // KVM lists it since 5.0 and reads it since 3.6.
    known.add(TSC_DEADLINE);
    List<Integer> ordered = new ArrayList<>();
    for (int[] group : List.of(STORAGE, MTRRS, KVM_OWN, CLOCKS)) {
      for (int index : group) {
        if (known.contains(index)) {
          ordered.add(index);
        }
      }
    }
    return ordered.stream().mapToInt(Integer::intValue).toArray();
  }

  /**
   * What every vCPU has before its first instruction, as firmware would leave it; all others are 0
   * by reset.
   *
   * @return values by index, in the order to write them
   */
  public static Map<Integer, Long> atBoot() {
    Map<Integer, Long> values = new LinkedHashMap<>();
    // Fast string operations: Linux clears REP_GOOD and ERMS without it.
    values.put(MISC_ENABLE, (long) MISC_ENABLE_FAST_STRING);
    // Without MTRRs all memory would be uncached by default, and Linux gives up PAT.
    values.put(MTRR_DEF_TYPE, (long) (MTRR_ENABLE | MTRR_WRITE_BACK));
    return values;
  }

  /**
   * Saves a timer interrupt from being lost. KVM clears TSC_DEADLINE when the deadline passes, but
   * until the vCPU runs again the interrupt is pending in a place no ioctl reads. A guest whose
   * deadline reads 0 gets one at its current TSC instead: at worst a spurious timer interrupt,
   * which every kernel ignores, where otherwise a processor could sleep for ever.
   *
   * @param entries {@code struct kvm_msr_entry}, one after the other, as captured
   * @return the same; a changed copy if the deadline is 0
   */
  public static byte[] withDeadlineKept(byte[] entries) {
    MemorySegment all = MemorySegment.ofArray(entries);
    long deadlineAt = find(all, TSC_DEADLINE);
    long tscAt = find(all, TSC);
    if (deadlineAt < 0 || tscAt < 0 || value(all, deadlineAt) != 0) {
      return entries;
    }
    byte[] changed = Arrays.copyOf(entries, entries.length);
    MemorySegment.ofArray(changed)
        .set(JAVA_LONG_UNALIGNED, deadlineAt + KvmMsrEntry.DATA, value(all, tscAt));
    return changed;
  }

  private static long find(MemorySegment entries, int index) {
    long size = KvmMsrEntry.LAYOUT.byteSize();
    for (long at = 0; at + size <= entries.byteSize(); at += size) {
      if (entries.get(JAVA_INT_UNALIGNED, at + KvmMsrEntry.INDEX) == index) {
        return at;
      }
    }
    return -1;
  }

  private static long value(MemorySegment entries, long at) {
    return entries.get(JAVA_LONG_UNALIGNED, at + KvmMsrEntry.DATA);
  }
}
