package dev.rekindle.vmm.arch.x86;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.rekindle.vmm.abi.kvm.KvmCpuid2;
import dev.rekindle.vmm.abi.kvm.KvmCpuidEntry2;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * What one leaf of CPUID answers; {@code struct kvm_cpuid_entry2}.
 *
 * @param function leaf, eax when asked
 * @param index subleaf, ecx when asked; 0 where it does not matter
 * @param flags {@code KVM_CPUID_FLAG_*}
 * @param eax answer
 * @param ebx answer
 * @param ecx answer
 * @param edx answer
 */
public record CpuidEntry(int function, int index, int flags, int eax, int ebx, int ecx, int edx) {
  /** {@code KVM_CPUID_FLAG_SIGNIFCANT_INDEX}: the subleaf matters. */
  public static final int SIGNIFICANT_INDEX = 1;

  /** More entries than {@code KVM_MAX_CPUID_ENTRIES} (256) of any kernel. */
  private static final int MAX_ENTRIES = 1024;

  CpuidEntry withEax(int value) {
    return new CpuidEntry(function, index, flags, value, ebx, ecx, edx);
  }

  CpuidEntry withEbx(int value) {
    return new CpuidEntry(function, index, flags, eax, value, ecx, edx);
  }

  CpuidEntry withEcx(int value) {
    return new CpuidEntry(function, index, flags, eax, ebx, value, edx);
  }

  CpuidEntry withEdx(int value) {
    return new CpuidEntry(function, index, flags, eax, ebx, ecx, value);
  }

  CpuidEntry with(int a, int b, int c, int d) {
    return new CpuidEntry(function, index, flags, a, b, c, d);
  }

  /**
   * @param table {@code struct kvm_cpuid2} with its entries, as {@code KVM_GET_SUPPORTED_CPUID}
   *     fills it or a snapshot carries it
   * @return the entries in order
   * @throws IllegalArgumentException if the table has fewer entries than it says
   */
  public static List<CpuidEntry> decode(MemorySegment table) {
    long size = KvmCpuidEntry2.LAYOUT.byteSize();
    long head = KvmCpuid2.LAYOUT.byteSize();
    int count = table.byteSize() < head ? -1 : table.get(JAVA_INT, KvmCpuid2.NENT);
    if (count < 0 || count > MAX_ENTRIES || head + count * size > table.byteSize()) {
      throw new IllegalArgumentException(
          "CPUID table of " + table.byteSize() + " bytes with " + count + " entries");
    }
    List<CpuidEntry> entries = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      MemorySegment e = table.asSlice(head + i * size, size);
      entries.add(
          new CpuidEntry(
              e.get(JAVA_INT, KvmCpuidEntry2.FUNCTION),
              e.get(JAVA_INT, KvmCpuidEntry2.INDEX),
              e.get(JAVA_INT, KvmCpuidEntry2.FLAGS),
              e.get(JAVA_INT, KvmCpuidEntry2.EAX),
              e.get(JAVA_INT, KvmCpuidEntry2.EBX),
              e.get(JAVA_INT, KvmCpuidEntry2.ECX),
              e.get(JAVA_INT, KvmCpuidEntry2.EDX)));
    }
    return List.copyOf(entries);
  }

  /**
   * @param entries in order
   * @param arena owns the result
   * @return {@code struct kvm_cpuid2} for {@code KVM_SET_CPUID2}
   */
  public static MemorySegment encode(List<CpuidEntry> entries, Arena arena) {
    long size = KvmCpuidEntry2.LAYOUT.byteSize();
    long head = KvmCpuid2.LAYOUT.byteSize();
    MemorySegment table = arena.allocate(head + entries.size() * size, 8);
    table.set(JAVA_INT, KvmCpuid2.NENT, entries.size());
    long at = head;
    for (CpuidEntry entry : entries) {
      MemorySegment e = table.asSlice(at, size);
      e.set(JAVA_INT, KvmCpuidEntry2.FUNCTION, entry.function());
      e.set(JAVA_INT, KvmCpuidEntry2.INDEX, entry.index());
      e.set(JAVA_INT, KvmCpuidEntry2.FLAGS, entry.flags());
      e.set(JAVA_INT, KvmCpuidEntry2.EAX, entry.eax());
      e.set(JAVA_INT, KvmCpuidEntry2.EBX, entry.ebx());
      e.set(JAVA_INT, KvmCpuidEntry2.ECX, entry.ecx());
      e.set(JAVA_INT, KvmCpuidEntry2.EDX, entry.edx());
      at += size;
    }
    return table;
  }
}
