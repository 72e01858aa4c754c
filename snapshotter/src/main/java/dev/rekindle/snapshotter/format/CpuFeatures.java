package dev.rekindle.snapshotter.format;

import dev.rekindle.vmm.arch.x86.CpuidEntry;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToIntFunction;

/**
 * What a guest may rely on of its processor, taken from KVM's supported CPUID: the vendor and the
 * bits of the leaves that enumerate features. A restored guest does not ask again, so all must be
 * there.
 */
public final class CpuFeatures {
  private record Register(
      int leaf, int subleaf, String name, ToIntFunction<CpuidEntry> value, int ignored) {
    String key() {
      return Integer.toHexString(leaf) + "." + subleaf + "." + name;
    }
  }

  /** Bits that say what the guest or the topology did, not what the processor can. */
  private static final int OSXSAVE_AND_HYPERVISOR = 1 << 27 | 1 << 31;

  private static final int HTT = 1 << 28;
  private static final int OSPKE = 1 << 4;
  private static final int CMP_LEGACY = 1 << 1;

  private static final List<Register> REGISTERS =
      List.of(
          new Register(0x1, 0, "ecx", CpuidEntry::ecx, OSXSAVE_AND_HYPERVISOR),
          new Register(0x1, 0, "edx", CpuidEntry::edx, HTT),
          new Register(0x7, 0, "ebx", CpuidEntry::ebx, 0),
          new Register(0x7, 0, "ecx", CpuidEntry::ecx, OSPKE),
          new Register(0x7, 0, "edx", CpuidEntry::edx, 0),
          new Register(0x7, 1, "eax", CpuidEntry::eax, 0),
          new Register(0xD, 0, "eax", CpuidEntry::eax, 0),
          new Register(0xD, 1, "eax", CpuidEntry::eax, 0),
          new Register(0x8000_0001, 0, "ecx", CpuidEntry::ecx, CMP_LEGACY),
          new Register(0x8000_0001, 0, "edx", CpuidEntry::edx, 0),
          new Register(0x8000_0008, 0, "ebx", CpuidEntry::ebx, 0));

  private CpuFeatures() {}

  /**
   * @param supported what {@code KVM_GET_SUPPORTED_CPUID} says where the snapshot is taken
   * @return for the manifest
   */
  public static Manifest.CpuEntry of(List<CpuidEntry> supported) {
    Map<String, String> features = new TreeMap<>();
    for (Register register : REGISTERS) {
      int bits = bits(register, supported);
      if (bits != 0) {
        features.put(register.key(), "0x" + Integer.toHexString(bits));
      }
    }
    return new Manifest.CpuEntry(vendor(supported), features);
  }

  /**
   * Compares what a snapshot needs with a host.
   *
   * @param needed from a manifest
   * @param supported what {@code KVM_GET_SUPPORTED_CPUID} says on the host
   * @throws SnapshotException {@code cpu_incompatible} naming the registers and bits that lack
   */
  public static void require(Manifest.CpuEntry needed, List<CpuidEntry> supported)
      throws SnapshotException {
    String vendor = vendor(supported);
    if (!needed.vendor().equals(vendor)) {
      throw new SnapshotException(
          SnapshotError.CPU_INCOMPATIBLE,
          "made on a processor of " + needed.vendor() + ", this one is of " + vendor);
    }
    List<String> missing = new ArrayList<>();
    Map<String, String> unknown = new TreeMap<>(needed.features());
    for (Register register : REGISTERS) {
      int wanted = parse(unknown.remove(register.key()));
      int lacking = wanted & ~bits(register, supported);
      if (lacking != 0) {
        missing.add(register.key() + " 0x" + Integer.toHexString(lacking));
      }
    }
    missing.addAll(unknown.keySet());
    if (!missing.isEmpty()) {
      throw new SnapshotException(
          SnapshotError.CPU_INCOMPATIBLE, "this processor lacks " + String.join(", ", missing));
    }
  }

  private static int parse(String hex) throws SnapshotException {
    try {
      return hex == null ? 0 : (int) (long) Long.decode(hex);
    } catch (NumberFormatException e) {
      throw new SnapshotException(
          SnapshotError.MANIFEST_INVALID, "cpu feature mask must be hex, got " + hex, e);
    }
  }

  private static int bits(Register register, List<CpuidEntry> entries) {
    for (CpuidEntry entry : entries) {
      if (entry.function() == register.leaf() && entry.index() == register.subleaf()) {
        return register.value().applyAsInt(entry) & ~register.ignored();
      }
    }
    return 0;
  }

  private static String vendor(List<CpuidEntry> entries) {
    for (CpuidEntry entry : entries) {
      if (entry.function() == 0) {
        ByteBuffer letters = ByteBuffer.allocate(12).order(ByteOrder.LITTLE_ENDIAN);
        letters.putInt(entry.ebx()).putInt(entry.edx()).putInt(entry.ecx());
        return new String(letters.array(), StandardCharsets.ISO_8859_1);
      }
    }
    return "";
  }
}
