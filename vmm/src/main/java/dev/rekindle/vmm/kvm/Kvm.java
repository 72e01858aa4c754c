package dev.rekindle.vmm.kvm;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.rekindle.vmm.abi.kvm.KvmCpuid2;
import dev.rekindle.vmm.abi.kvm.KvmCpuidEntry2;
import dev.rekindle.vmm.abi.kvm.KvmIoctls;
import dev.rekindle.vmm.abi.kvm.KvmMsrList;
import dev.rekindle.vmm.abi.kvm.KvmRun;
import dev.rekindle.vmm.abi.linux.Errno;
import dev.rekindle.vmm.abi.linux.Fcntl;
import dev.rekindle.vmm.sys.ErrnoException;
import dev.rekindle.vmm.sys.OwnedFd;
import dev.rekindle.vmm.sys.Syscalls;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** {@code /dev/kvm}: what this host's KVM offers, and the maker of VMs. Thread: any. */
public final class Kvm implements AutoCloseable {
  /** Most CPUID entries asked for; KVM's own limit ({@code KVM_MAX_CPUID_ENTRIES}). */
  private static final int MAX_CPUID_ENTRIES = 256;

  private static final int MAX_MSRS = 1024;
  private static final int API_VERSION = 12;

  private final OwnedFd fd;
  private final int vcpuMapBytes;
  private final int xsaveBytes;
  private final boolean syncsRegisters;

  private Kvm(OwnedFd fd) {
    this.fd = fd;
    int version = Syscalls.ioctl(fd.fd(), KvmIoctls.GET_API_VERSION, 0);
    if (version != API_VERSION) {
      throw new KvmUnavailableException(
          "/dev/kvm speaks API version " + version + ", not " + API_VERSION, null);
    }
    vcpuMapBytes = Syscalls.ioctl(fd.fd(), KvmIoctls.GET_VCPU_MMAP_SIZE, 0);
    xsaveBytes = Math.max(4096, checkExtension(KvmIoctls.CAP_XSAVE2));
    syncsRegisters =
        (checkExtension(KvmIoctls.CAP_SYNC_REGS) & KvmRun.SYNC_X86_VALID_FIELDS)
            == KvmRun.SYNC_X86_VALID_FIELDS;
  }

  /**
   * Opens {@code /dev/kvm}.
   *
   * @return the caller owns it
   * @throws KvmUnavailableException if it is missing, forbidden or not KVM
   */
  public static Kvm open() {
    return open("/dev/kvm");
  }

  /**
   * Opens a KVM device.
   *
   * @param path of the device
   * @return the caller owns it
   * @throws KvmUnavailableException if it is missing, forbidden or not KVM
   */
  public static Kvm open(String path) {
    OwnedFd fd;
    try {
      fd = OwnedFd.open(path, Fcntl.O_RDWR);
    } catch (ErrnoException e) {
      String way =
          switch (e.errno()) {
            case Errno.ENOENT -> "load the module kvm_intel or kvm_amd, or use --lab=always";
            case Errno.EACCES, Errno.EPERM -> "add this user to the group kvm";
            default -> "see `rekindle doctor`";
          };
      throw new KvmUnavailableException(e.getMessage() + "; " + way, e);
    }
    try {
      return new Kvm(fd);
    } catch (ErrnoException e) {
      fd.close();
      throw new KvmUnavailableException(path + " is not KVM: " + e.getMessage(), e);
    } catch (RuntimeException e) {
      fd.close();
      throw e;
    }
  }

  /**
   * {@code KVM_CHECK_EXTENSION}.
   *
   * @param capability see {@link KvmIoctls}
   * @return 0 if absent
   */
  public int checkExtension(int capability) {
    return Syscalls.ioctl(fd.fd(), KvmIoctls.CHECK_EXTENSION, capability);
  }

  /**
   * @return bytes of the {@code kvm_run} mapping of a vCPU
   */
  public int vcpuMapBytes() {
    return vcpuMapBytes;
  }

  /**
   * @return bytes of a vCPU's extended state, at least 4096
   */
  public int xsaveBytes() {
    return xsaveBytes;
  }

  /**
   * @return whether {@code KVM_RUN} itself loads registers from the {@code kvm_run} mapping
   */
  boolean syncsRegisters() {
    return syncsRegisters;
  }

  /**
   * {@code KVM_GET_SUPPORTED_CPUID}.
   *
   * @param arena owns the result
   * @return a {@code struct kvm_cpuid2} with its entries, exactly as long as they are
   */
  public MemorySegment supportedCpuid(Arena arena) {
    long entry = KvmCpuidEntry2.LAYOUT.byteSize();
    long head = KvmCpuid2.LAYOUT.byteSize();
    MemorySegment all = arena.allocate(head + MAX_CPUID_ENTRIES * entry, 8);
    all.set(JAVA_INT, KvmCpuid2.NENT, MAX_CPUID_ENTRIES);
    Syscalls.ioctl(fd.fd(), KvmIoctls.GET_SUPPORTED_CPUID, all);
    return all.asSlice(0, head + all.get(JAVA_INT, KvmCpuid2.NENT) * entry);
  }

  /**
   * {@code KVM_GET_MSR_INDEX_LIST}.
   *
   * @return the registers KVM can read and write for a guest
   */
  public int[] msrIndices() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment list = arena.allocate(KvmMsrList.LAYOUT.byteSize() + MAX_MSRS * 4L, 4);
      list.set(JAVA_INT, KvmMsrList.NMSRS, MAX_MSRS);
      Syscalls.ioctl(fd.fd(), KvmIoctls.GET_MSR_INDEX_LIST, list);
      int count = list.get(JAVA_INT, KvmMsrList.NMSRS);
      return list.asSlice(KvmMsrList.LAYOUT.byteSize(), count * 4L).toArray(JAVA_INT);
    }
  }

  /**
   * {@code KVM_CREATE_VM}.
   *
   * @return the caller owns it
   * @throws ErrnoException {@code ENOMEM}, {@code EMFILE}
   */
  public KvmVm createVm() {
    return new KvmVm(new OwnedFd(Syscalls.ioctl(fd.fd(), KvmIoctls.CREATE_VM, 0), "kvm-vm"), this);
  }

  @Override
  public void close() {
    fd.close();
  }
}
