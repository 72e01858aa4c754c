package dev.rekindle.vmm.arch.x86;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * What a guest's processors say of themselves: everything KVM supports on this host, but for their
 * number and place, for what a snapshot could not carry, and for what the guest must have to do
 * without legacy timers. Pure functions (Intel SDM volume 2, CPUID; AMD APM volume 3, appendix E).
 */
public final class Cpuid {
  private static final int KVM_SIGNATURE = 0x4000_0000;
  private static final int KVM_FEATURES = 0x4000_0001;
  private static final int AMD_TOPOLOGY = 0x8000_001E;

  // Leaf 1.
  private static final int ECX1_VMX = 1 << 5;
  private static final int ECX1_PDCM = 1 << 15;
  private static final int ECX1_TSC_DEADLINE = 1 << 24;
  private static final int ECX1_HYPERVISOR = 1 << 31;
  private static final int EDX1_HTT = 1 << 28;

  // Leaf 6.
  private static final int EAX6_ARAT = 1 << 2;

  // Leaf 7.
  private static final int ECX7_SHSTK = 1 << 7;
  private static final int EDX7_IBT = 1 << 20;
  private static final int EDX7_ARCH_CAPABILITIES = 1 << 29;

  // Leaf 0xD, subleaf 1: supervisor states of shadow stacks, user and supervisor.
  private static final int XSS_CET = 3 << 11;

  // Leaf 0x80000001.
  private static final int ECX81_SVM = 1 << 2;
  private static final int ECX81_TOPOEXT = 1 << 22;
  private static final int ECX81_PERF_COUNTERS = 1 << 23 | 1 << 24 | 1 << 28;

  // KVM_FEATURE_ASYNC_PF, KVM_FEATURE_ASYNC_PF_VMEXIT, KVM_FEATURE_ASYNC_PF_INT; asm/kvm_para.h.
  private static final int KVM_ASYNC_PF = 1 << 4 | 1 << 10 | 1 << 14;

  private Cpuid() {}

  /**
   * The table of one vCPU. Same input, same output: two hosts whose KVM supports the same give the
   * same processors.
   *
   * @param supported what {@code KVM_GET_SUPPORTED_CPUID} says
   * @param vcpuIndex also its APIC id
   * @param vcpuCount processors of the VM, {@code [1, 255]}
   * @return entries by ascending leaf and subleaf, for {@code KVM_SET_CPUID2}
   * @throws IllegalArgumentException if leaf 0 or 1 is missing
   */
  public static List<CpuidEntry> forVcpu(List<CpuidEntry> supported, int vcpuIndex, int vcpuCount) {
    CpuTopology topology = new CpuTopology(vcpuIndex, vcpuCount);
    CpuidEntry vendorLeaf = require(supported, 0);
    require(supported, 1);
    boolean amd = isAmd(vendorLeaf);
    // Topology leaves of a processor that has no such leaves would be a contradiction.
    boolean topoext = amd && maxExtendedLeaf(supported) >= AMD_TOPOLOGY;
    List<CpuidEntry> table = new ArrayList<>();
    for (CpuidEntry entry : supported) {
      adapt(entry, topology, amd)
          .map(e -> e.function() == 0x8000_0001 ? amdFeatures(e, topoext) : e)
          .ifPresent(table::add);
    }
    int maxLeaf = vendorLeaf.eax();
    for (int leaf : new int[] {0xB, 0x1F}) {
      // KVM lists these leaves without subleaves since 6.2; a guest that has none of them falls
      // back to the 8-bit fields of leaf 1.
      if (maxLeaf >= leaf && contains(supported, leaf)) {
        table.addAll(extendedTopology(leaf, topology));
      }
    }
    if (topoext) {
      table.add(amdTopology(topology));
    }
    table.sort(
        Comparator.comparing(CpuidEntry::function, Integer::compareUnsigned)
            .thenComparing(CpuidEntry::index, Integer::compareUnsigned));
    return List.copyOf(table);
  }

  /**
   * @param leaf0 the entry of leaf 0
   * @return whether it is AMD's or its licensee's processor
   */
  static boolean isAmd(CpuidEntry leaf0) {
    String vendor =
        new String(
            ByteBuffer.allocate(12)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(leaf0.ebx())
                .putInt(leaf0.edx())
                .putInt(leaf0.ecx())
                .array(),
            StandardCharsets.ISO_8859_1);
    return vendor.equals("AuthenticAMD") || vendor.equals("HygonGenuine");
  }

  private static Optional<CpuidEntry> adapt(CpuidEntry e, CpuTopology topology, boolean amd) {
    return switch (e.function()) {
      case 1 -> Optional.of(features(e, topology));
      case 4 -> Optional.of(intelCache(e, topology));
      // ARAT: the APIC timer runs in every sleep state; without it Linux insists on a PIT.
      case 6 -> Optional.of(e.with(EAX6_ARAT, 0, 0, 0));
      case 7 -> Optional.of(e.index() == 0 ? extendedFeatures(e, amd) : e);
      // No performance counters: their registers would have to be in every snapshot.
      case 0xA, 0x8000_0022 -> Optional.of(e.with(0, 0, 0, 0));
      // Added anew for this vCPU.
      case 0xB, 0x1F, AMD_TOPOLOGY -> Optional.empty();
      // AMD's extended topology would contradict the leaves above.
      case 0x8000_0026 -> Optional.empty();
      case 0xD -> Optional.of(e.index() == 1 ? e.withEcx(e.ecx() & ~XSS_CET) : e);
      case KVM_SIGNATURE -> Optional.of(e.withEax(KVM_FEATURES));
      // Asynchronous page faults: a "page ready" that is under way when a snapshot is taken is
      // lost, and whoever waits for it in the guest waits for ever.
      case KVM_FEATURES -> Optional.of(e.withEax(e.eax() & ~KVM_ASYNC_PF));
      case 0x8000_0008 -> Optional.of(amd ? amdCoreCount(e, topology) : e);
      // Nested virtualization: its state would have to be in every snapshot.
      case 0x8000_000A -> Optional.of(e.with(0, 0, 0, 0));
      case 0x8000_001D -> Optional.of(amdCache(e, topology));
      default -> Optional.of(e);
    };
  }

  private static CpuidEntry features(CpuidEntry e, CpuTopology topology) {
    int clflush = e.ebx() & 0xFFFF;
    int cores = Math.min(topology.addressableCores(), 255);
    int ecx = e.ecx() & ~(ECX1_VMX | ECX1_PDCM) | ECX1_TSC_DEADLINE | ECX1_HYPERVISOR;
    int edx = topology.vcpuCount() > 1 ? e.edx() | EDX1_HTT : e.edx() & ~EDX1_HTT;
    return e.with(e.eax(), topology.apicId() << 24 | cores << 16 | clflush, ecx, edx);
  }

  private static CpuidEntry extendedFeatures(CpuidEntry e, boolean amd) {
    // Control-flow enforcement: the shadow stack pointer is not among the registers that the MSR
    // interface reads, so a snapshot would lose it.
    int edx = e.edx() & ~EDX7_IBT;
    // KVM offers ARCH_CAPABILITIES on AMD too, where no such register exists.
    return e.with(
        e.eax(), e.ebx(), e.ecx() & ~ECX7_SHSTK, amd ? edx & ~EDX7_ARCH_CAPABILITIES : edx);
  }

  private static CpuidEntry intelCache(CpuidEntry e, CpuTopology topology) {
    int type = e.eax() & 0x1F;
    if (type == 0) {
      return e;
    }
    int level = e.eax() >>> 5 & 7;
    int sharing = level >= 3 ? topology.addressableCores() - 1 : 0;
    int cores = Math.min(topology.addressableCores() - 1, 63);
    return e.withEax(e.eax() & 0x3FFF | sharing << 14 | cores << 26);
  }

  private static CpuidEntry amdCache(CpuidEntry e, CpuTopology topology) {
    int type = e.eax() & 0x1F;
    if (type == 0) {
      return e;
    }
    int level = e.eax() >>> 5 & 7;
    int sharing = level >= 3 ? topology.vcpuCount() - 1 : 0;
    return e.withEax(e.eax() & ~(0xFFF << 14) | sharing << 14);
  }

  private static CpuidEntry amdFeatures(CpuidEntry e, boolean topoext) {
    int ecx = e.ecx() & ~(ECX81_SVM | ECX81_PERF_COUNTERS | ECX81_TOPOEXT);
    return e.withEcx(topoext ? ecx | ECX81_TOPOEXT : ecx);
  }

  /** The extended leaves are negative numbers all, so comparing them as such keeps their order. */
  private static int maxExtendedLeaf(List<CpuidEntry> supported) {
    return supported.stream()
        .filter(e -> e.function() == 0x8000_0000)
        .findFirst()
        .map(CpuidEntry::eax)
        .filter(max -> max < 0)
        .orElse(Integer.MIN_VALUE);
  }

  private static CpuidEntry amdCoreCount(CpuidEntry e, CpuTopology topology) {
    return e.withEcx(e.ecx() & ~0xF0FF | topology.coreBits() << 12 | topology.vcpuCount() - 1);
  }

  private static CpuidEntry amdTopology(CpuTopology topology) {
    return new CpuidEntry(AMD_TOPOLOGY, 0, 0, topology.apicId(), topology.vcpuIndex(), 0, 0);
  }

  /** Subleaf 0: threads of a core, 1: cores of the package, 2: the end. */
  private static List<CpuidEntry> extendedTopology(int leaf, CpuTopology topology) {
    int id = topology.apicId();
    int flags = CpuidEntry.SIGNIFICANT_INDEX;
    return List.of(
        new CpuidEntry(leaf, 0, flags, 0, 1, 1 << 8, id),
        new CpuidEntry(leaf, 1, flags, topology.coreBits(), topology.vcpuCount(), 2 << 8 | 1, id),
        new CpuidEntry(leaf, 2, flags, 0, 0, 2, id));
  }

  private static boolean contains(List<CpuidEntry> entries, int function) {
    return entries.stream().anyMatch(e -> e.function() == function);
  }

  private static CpuidEntry require(List<CpuidEntry> entries, int function) {
    return entries.stream()
        .filter(e -> e.function() == function)
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("KVM reports no CPUID leaf " + function));
  }
}
