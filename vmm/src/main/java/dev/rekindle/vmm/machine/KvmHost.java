package dev.rekindle.vmm.machine;

import dev.rekindle.vmm.abi.kvm.KvmIoctls;
import dev.rekindle.vmm.arch.x86.Cpuid;
import dev.rekindle.vmm.arch.x86.CpuidEntry;
import dev.rekindle.vmm.arch.x86.Msrs;
import dev.rekindle.vmm.kvm.Kvm;
import dev.rekindle.vmm.kvm.KvmVcpu;
import dev.rekindle.vmm.kvm.KvmVm;
import dev.rekindle.vmm.loop.DeviceLoop;
import dev.rekindle.vmm.vcpu.VcpuStateReader;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * This process's KVM: the open device, what it supports, asked once, and the device loop that all
 * of its machines share. Thread: any. Close it after the last machine.
 */
public final class KvmHost implements AutoCloseable {
  private final Kvm kvm;
  private final DeviceLoop loop;
  private final List<CpuidEntry> supportedCpuid;
  private final int[] msrs;
  private final VcpuThreads threads = new VcpuThreads();
  private final Arena arena = Arena.ofShared();
  private final Map<Long, MemorySegment> cpuids = new ConcurrentHashMap<>();
  private final AtomicInteger names = new AtomicInteger();

  private KvmHost(Kvm kvm, DeviceLoop loop) {
    this.kvm = kvm;
    this.loop = loop;
    supportedCpuid = CpuidEntry.decode(kvm.supportedCpuid(arena));
    msrs = probeMsrs();
  }

  /**
   * Opens {@code /dev/kvm} and starts the device loop.
   *
   * @return the caller owns it
   * @throws dev.rekindle.vmm.kvm.KvmUnavailableException if there is no usable KVM
   */
  public static KvmHost open() {
    Kvm kvm = Kvm.open();
    DeviceLoop loop = new DeviceLoop();
    try {
      return new KvmHost(kvm, loop);
    } catch (RuntimeException e) {
      loop.close();
      kvm.close();
      throw e;
    }
  }

  Kvm kvm() {
    return kvm;
  }

  /**
   * @return where every device of this process's machines works
   */
  public DeviceLoop loop() {
    return loop;
  }

  /**
   * @return what {@code KVM_GET_SUPPORTED_CPUID} says; a snapshot's processor features must lie
   *     within
   */
  public List<CpuidEntry> supportedCpuid() {
    return supportedCpuid;
  }

  /**
   * @return the model-specific registers to save, in the order to restore them
   */
  int[] msrs() {
    return msrs;
  }

  VcpuThreads threads() {
    return threads;
  }

  String nextName() {
    return "vm" + names.incrementAndGet();
  }

  /**
   * The CPUID of one vCPU as KVM takes it, encoded at its first use.
   *
   * @param vcpu index
   * @param vcpuCount of the machine
   * @return {@code struct kvm_cpuid2} with its entries; read-only by agreement, this object's
   */
  MemorySegment cpuid(int vcpu, int vcpuCount) {
    return cpuids.computeIfAbsent(
        (long) vcpuCount << 32 | vcpu,
        _ -> CpuidEntry.encode(Cpuid.forVcpu(supportedCpuid, vcpu, vcpuCount), arena));
  }

  private int[] probeMsrs() {
    int[] wanted = Msrs.forSnapshot(kvm.msrIndices());
    try (KvmVm vm = kvm.createVm()) {
      vm.createIrqchip();
      try (KvmVcpu vcpu = vm.createVcpu(0)) {
        vcpu.state(KvmIoctls.SET_CPUID2, cpuid(0, 1));
        return VcpuStateReader.readableMsrs(vcpu, wanted);
      }
    }
  }

  @Override
  public void close() {
    threads.close();
    loop.close();
    kvm.close();
    arena.close();
  }
}
