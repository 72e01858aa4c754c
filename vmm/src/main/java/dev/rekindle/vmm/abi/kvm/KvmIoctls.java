package dev.rekindle.vmm.abi.kvm;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.rekindle.vmm.sys.IoctlRequest;
import java.lang.foreign.MemoryLayout;

/** The ioctl requests of {@code linux/kvm.h}, codes derived from the structs. */
public final class KvmIoctls {
  private static final int KVMIO = 0xAE;

  public static final IoctlRequest GET_API_VERSION = io("KVM_GET_API_VERSION", 0x00);
  public static final IoctlRequest CREATE_VM = io("KVM_CREATE_VM", 0x01);
  public static final IoctlRequest GET_MSR_INDEX_LIST =
      iowr("KVM_GET_MSR_INDEX_LIST", 0x02, KvmMsrList.LAYOUT);
  public static final IoctlRequest CHECK_EXTENSION = io("KVM_CHECK_EXTENSION", 0x03);
  public static final IoctlRequest GET_VCPU_MMAP_SIZE = io("KVM_GET_VCPU_MMAP_SIZE", 0x04);
  public static final IoctlRequest GET_SUPPORTED_CPUID =
      iowr("KVM_GET_SUPPORTED_CPUID", 0x05, KvmCpuid2.LAYOUT);
  public static final IoctlRequest CREATE_VCPU = io("KVM_CREATE_VCPU", 0x41);
  public static final IoctlRequest SET_USER_MEMORY_REGION =
      iow("KVM_SET_USER_MEMORY_REGION", 0x46, KvmUserspaceMemoryRegion.LAYOUT);
  public static final IoctlRequest SET_TSS_ADDR = io("KVM_SET_TSS_ADDR", 0x47);
  public static final IoctlRequest SET_IDENTITY_MAP_ADDR =
      iow("KVM_SET_IDENTITY_MAP_ADDR", 0x48, JAVA_LONG);
  public static final IoctlRequest CREATE_IRQCHIP = io("KVM_CREATE_IRQCHIP", 0x60);
  public static final IoctlRequest IRQ_LINE = iow("KVM_IRQ_LINE", 0x61, KvmIrqLevel.LAYOUT);
  public static final IoctlRequest GET_IRQCHIP = iowr("KVM_GET_IRQCHIP", 0x62, KvmIrqchip.LAYOUT);
  public static final IoctlRequest SET_IRQCHIP = ior("KVM_SET_IRQCHIP", 0x63, KvmIrqchip.LAYOUT);
  public static final IoctlRequest CREATE_PIT2 = iow("KVM_CREATE_PIT2", 0x77, KvmPitConfig.LAYOUT);
  public static final IoctlRequest IOEVENTFD = iow("KVM_IOEVENTFD", 0x79, KvmIoeventfd.LAYOUT);
  public static final IoctlRequest SET_CLOCK = iow("KVM_SET_CLOCK", 0x7B, KvmClockData.LAYOUT);
  public static final IoctlRequest GET_CLOCK = ior("KVM_GET_CLOCK", 0x7C, KvmClockData.LAYOUT);
  public static final IoctlRequest RUN = io("KVM_RUN", 0x80);
  public static final IoctlRequest GET_REGS = ior("KVM_GET_REGS", 0x81, KvmRegs.LAYOUT);
  public static final IoctlRequest SET_REGS = iow("KVM_SET_REGS", 0x82, KvmRegs.LAYOUT);
  public static final IoctlRequest GET_SREGS = ior("KVM_GET_SREGS", 0x83, KvmSregs.LAYOUT);
  public static final IoctlRequest SET_SREGS = iow("KVM_SET_SREGS", 0x84, KvmSregs.LAYOUT);
  public static final IoctlRequest GET_MSRS = iowr("KVM_GET_MSRS", 0x88, KvmMsrs.LAYOUT);
  public static final IoctlRequest SET_MSRS = iow("KVM_SET_MSRS", 0x89, KvmMsrs.LAYOUT);
  public static final IoctlRequest GET_LAPIC = ior("KVM_GET_LAPIC", 0x8E, KvmLapicState.LAYOUT);
  public static final IoctlRequest SET_LAPIC = iow("KVM_SET_LAPIC", 0x8F, KvmLapicState.LAYOUT);
  public static final IoctlRequest SET_CPUID2 = iow("KVM_SET_CPUID2", 0x90, KvmCpuid2.LAYOUT);
  public static final IoctlRequest GET_MP_STATE = ior("KVM_GET_MP_STATE", 0x98, KvmMpState.LAYOUT);
  public static final IoctlRequest SET_MP_STATE = iow("KVM_SET_MP_STATE", 0x99, KvmMpState.LAYOUT);
  public static final IoctlRequest GET_VCPU_EVENTS =
      ior("KVM_GET_VCPU_EVENTS", 0x9F, KvmVcpuEvents.LAYOUT);
  public static final IoctlRequest SET_VCPU_EVENTS =
      iow("KVM_SET_VCPU_EVENTS", 0xA0, KvmVcpuEvents.LAYOUT);
  public static final IoctlRequest GET_PIT2 = ior("KVM_GET_PIT2", 0x9F, KvmPitState2.LAYOUT);
  public static final IoctlRequest SET_PIT2 = iow("KVM_SET_PIT2", 0xA0, KvmPitState2.LAYOUT);
  public static final IoctlRequest GET_DEBUGREGS =
      ior("KVM_GET_DEBUGREGS", 0xA1, KvmDebugregs.LAYOUT);
  public static final IoctlRequest SET_DEBUGREGS =
      iow("KVM_SET_DEBUGREGS", 0xA2, KvmDebugregs.LAYOUT);
  public static final IoctlRequest GET_TSC_KHZ = io("KVM_GET_TSC_KHZ", 0xA3);
  public static final IoctlRequest GET_XSAVE = ior("KVM_GET_XSAVE", 0xA4, KvmXsave.LAYOUT);
  public static final IoctlRequest SET_XSAVE = iow("KVM_SET_XSAVE", 0xA5, KvmXsave.LAYOUT);
  public static final IoctlRequest GET_XSAVE2 = ior("KVM_GET_XSAVE2", 0xCF, KvmXsave.LAYOUT);
  public static final IoctlRequest GET_XCRS = ior("KVM_GET_XCRS", 0xA6, KvmXcrs.LAYOUT);
  public static final IoctlRequest SET_XCRS = iow("KVM_SET_XCRS", 0xA7, KvmXcrs.LAYOUT);
  public static final IoctlRequest KVMCLOCK_CTRL = io("KVM_KVMCLOCK_CTRL", 0xAD);

  /** {@code KVM_CAP_XSAVE2}: its value is the size of the extended state, bytes. */
  public static final int CAP_XSAVE2 = 208;

  /** {@code KVM_CAP_SYNC_REGS}: which of {@link KvmRun#SYNC_X86_VALID_FIELDS} there are. */
  public static final int CAP_SYNC_REGS = 74;

  /** {@code KVM_CAP_IMMEDIATE_EXIT}. */
  public static final int CAP_IMMEDIATE_EXIT = 136;

  private KvmIoctls() {}

  private static IoctlRequest io(String name, int nr) {
    return IoctlRequest.none(name, KVMIO, nr);
  }

  private static IoctlRequest iow(String name, int nr, MemoryLayout argument) {
    return IoctlRequest.write(name, KVMIO, nr, argument);
  }

  private static IoctlRequest ior(String name, int nr, MemoryLayout argument) {
    return IoctlRequest.read(name, KVMIO, nr, argument);
  }

  private static IoctlRequest iowr(String name, int nr, MemoryLayout argument) {
    return IoctlRequest.readWrite(name, KVMIO, nr, argument);
  }
}
