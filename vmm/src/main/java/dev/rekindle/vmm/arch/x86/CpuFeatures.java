package dev.rekindle.vmm.arch.x86;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Whether a host can go on running what ran on another: every processor feature the guest was shown
 * must be there. A guest never asks again, so a missing one is an invalid instruction hours later;
 * a snapshot is refused instead. Features a host has beyond are no obstacle: the guest keeps the
 * CPUID of its snapshot.
 */
public final class CpuFeatures {
  private enum Register {
    EAX,
    EBX,
    ECX,
    EDX
  }

  /** A register of which each set bit is a feature. */
  private record Word(int function, int index, Register register) {
    int of(CpuidEntry e) {
      return switch (register) {
        case EAX -> e.eax();
        case EBX -> e.ebx();
        case ECX -> e.ecx();
        case EDX -> e.edx();
      };
    }
  }

  private static final List<Word> WORDS =
      List.of(
          new Word(1, 0, Register.ECX),
          new Word(1, 0, Register.EDX),
          new Word(7, 0, Register.EBX),
          new Word(7, 0, Register.ECX),
          new Word(7, 0, Register.EDX),
          new Word(7, 1, Register.EAX),
          new Word(7, 1, Register.EDX),
          new Word(7, 2, Register.EDX),
          new Word(0xD, 0, Register.EAX),
          new Word(0xD, 1, Register.EAX),
          new Word(0xD, 1, Register.ECX),
          new Word(0x4000_0001, 0, Register.EAX),
          new Word(0x8000_0001, 0, Register.ECX),
          new Word(0x8000_0001, 0, Register.EDX),
          new Word(0x8000_0007, 0, Register.EDX),
          new Word(0x8000_0008, 0, Register.EBX),
          new Word(0x8000_0021, 0, Register.EAX));

  private CpuFeatures() {}

  /**
   * What a guest was shown and this host cannot give. Both tables must come from {@link
   * Cpuid#forVcpu} for the same processor: what that adds or hides is then equal.
   *
   * @param shown the CPUID of the guest's first vCPU when its snapshot was taken
   * @param here the CPUID this host would give that vCPU
   * @return one text each, such as {@code 7.0.ebx[16]} or {@code vendor}; empty if the guest can
   *     run here
   */
  public static List<String> missing(List<CpuidEntry> shown, List<CpuidEntry> here) {
    Map<Long, CpuidEntry> ours = byLeaf(here);
    Map<Long, CpuidEntry> theirs = byLeaf(shown);
    List<String> missing = new ArrayList<>();
    CpuidEntry vendor = theirs.get(key(0, 0));
    CpuidEntry ourVendor = ours.get(key(0, 0));
    if (vendor == null
        || ourVendor == null
        || vendor.ebx() != ourVendor.ebx()
        || vendor.ecx() != ourVendor.ecx()
        || vendor.edx() != ourVendor.edx()) {
      missing.add("vendor");
    }
    for (Word word : WORDS) {
      CpuidEntry wanted = theirs.get(key(word.function(), word.index()));
      CpuidEntry given = ours.get(key(word.function(), word.index()));
      int bits = wanted == null ? 0 : word.of(wanted) & ~(given == null ? 0 : word.of(given));
      for (int bit = 0; bit < 32; bit++) {
        if ((bits >>> bit & 1) != 0) {
          missing.add(
              "%x.%d.%s[%d]"
                  .formatted(
                      word.function(),
                      word.index(),
                      word.register().name().toLowerCase(java.util.Locale.ROOT),
                      bit));
        }
      }
    }
    return missing;
  }

  private static Map<Long, CpuidEntry> byLeaf(List<CpuidEntry> entries) {
    Map<Long, CpuidEntry> map = new HashMap<>();
    for (CpuidEntry e : entries) {
      map.putIfAbsent(key(e.function(), e.index()), e);
    }
    return map;
  }

  private static long key(int function, int index) {
    return (long) function << 32 | index & 0xFFFF_FFFFL;
  }
}
