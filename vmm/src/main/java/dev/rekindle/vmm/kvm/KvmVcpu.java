package dev.rekindle.vmm.kvm;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.rekindle.vmm.abi.kvm.KvmIoctls;
import dev.rekindle.vmm.abi.kvm.KvmRun;
import dev.rekindle.vmm.abi.kvm.KvmSregs;
import dev.rekindle.vmm.abi.linux.Errno;
import dev.rekindle.vmm.sys.ErrnoException;
import dev.rekindle.vmm.sys.IoctlRequest;
import dev.rekindle.vmm.sys.Mapping;
import dev.rekindle.vmm.sys.OwnedFd;
import dev.rekindle.vmm.sys.Syscalls;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;

/**
 * A vCPU descriptor and its {@code kvm_run} page. Thread: {@link #run} from one thread, the vCPU's
 * own (a change costs a grace period); the state ioctls from any while nobody is in {@code run};
 * {@link #requestExit} from any.
 */
public final class KvmVcpu implements AutoCloseable {
  private static final VarHandle BYTE = JAVA_BYTE.varHandle();

  private final OwnedFd fd;
  private final int index;
  private final Mapping mapping;
  private final MemorySegment run;
  private final boolean syncsRegisters;

  KvmVcpu(OwnedFd fd, Kvm kvm, int index) {
    this.fd = fd;
    this.index = index;
    syncsRegisters = kvm.syncsRegisters();
    try {
      mapping = Mapping.fileShared(fd.fd(), 0, kvm.vcpuMapBytes());
    } catch (RuntimeException e) {
      fd.close();
      throw e;
    }
    run = mapping.segment();
  }

  /**
   * @return the index it was created with, also its APIC id
   */
  public int index() {
    return index;
  }

  /**
   * {@code KVM_RUN}.
   *
   * @return 0 if there is an exit to look at, or the negated errno: {@code EINTR} after {@link
   *     #requestExit} or a signal, {@code EAGAIN} where a waiting processor was woken
   */
  public int run() {
    return Syscalls.ioctlOrErrno(fd.fd(), KvmIoctls.RUN);
  }

  /**
   * Has this and every following {@link #run} finish what the last exit left undone and return at
   * once with {@code EINTR}.
   *
   * @param requested true to leave, false to run again
   */
  public void requestExit(boolean requested) {
    BYTE.setVolatile(run, KvmRun.IMMEDIATE_EXIT, (byte) (requested ? 1 : 0));
  }

  /**
   * @return why {@link #run} returned; see {@link KvmRun}
   */
  public int exitReason() {
    return run.get(JAVA_INT, KvmRun.EXIT_REASON);
  }

  /**
   * @return whether the guest's port access is a write
   */
  public boolean ioIsOut() {
    return run.get(JAVA_BYTE, KvmRun.IO_DIRECTION) == KvmRun.EXIT_IO_OUT;
  }

  /**
   * @return the port accessed
   */
  public int ioPort() {
    return Short.toUnsignedInt(run.get(JAVA_SHORT, KvmRun.IO_PORT));
  }

  /**
   * @return bytes of one access: 1, 2 or 4
   */
  public int ioSize() {
    return Byte.toUnsignedInt(run.get(JAVA_BYTE, KvmRun.IO_SIZE));
  }

  /**
   * @return how many accesses, more than 1 for string instructions
   */
  public int ioCount() {
    return run.get(JAVA_INT, KvmRun.IO_COUNT);
  }

  /**
   * The bytes of one port access, to read or to fill.
   *
   * @param i which, {@code [0, ioCount())}
   * @return a view of {@link #ioSize} bytes
   */
  public MemorySegment ioData(int i) {
    int size = ioSize();
    return run.asSlice(run.get(JAVA_LONG, KvmRun.IO_DATA_OFFSET) + (long) i * size, size);
  }

  /**
   * @return gpa of the guest's access outside of memory
   */
  public long mmioAddress() {
    return run.get(JAVA_LONG, KvmRun.MMIO_PHYS_ADDR);
  }

  /**
   * @return whether it is a write
   */
  public boolean mmioIsWrite() {
    return run.get(JAVA_BYTE, KvmRun.MMIO_IS_WRITE) != 0;
  }

  /**
   * @return a view of the 1 to 8 bytes to read or to fill
   */
  public MemorySegment mmioData() {
    return run.asSlice(KvmRun.MMIO_DATA, run.get(JAVA_INT, KvmRun.MMIO_LEN));
  }

  /**
   * @return {@code internal.suberror} or {@code system_event.type}
   */
  public int exitDetail() {
    return run.get(JAVA_INT, KvmRun.INTERNAL_SUBERROR);
  }

  /**
   * @return {@code fail_entry.hardware_entry_failure_reason}
   */
  public long failEntryReason() {
    return run.get(JAVA_LONG, KvmRun.FAIL_ENTRY_REASON);
  }

  /**
   * A state ioctl: {@code KVM_GET_*} or {@code KVM_SET_*} of this vCPU. What {@link #loadAtNextRun}
   * left for later is loaded before.
   *
   * @param request which
   * @param state the struct it takes
   * @return what the kernel returned; for the MSR requests the number of entries done
   */
  public int state(IoctlRequest request, MemorySegment state) {
    if (run.get(JAVA_LONG, KvmRun.DIRTY_REGS) != 0) {
      loadNow();
    }
    return Syscalls.ioctl(fd.fd(), request, state);
  }

  private void loadNow() {
    forgetLoad();
    setSregs(run.asSlice(KvmRun.SYNC_SREGS, KvmSregs.LAYOUT.byteSize()));
    Syscalls.ioctl(fd.fd(), KvmIoctls.SET_REGS, run.asSlice(KvmRun.SYNC_REGS));
    Syscalls.ioctl(fd.fd(), KvmIoctls.SET_VCPU_EVENTS, run.asSlice(KvmRun.SYNC_EVENTS));
  }

  /**
   * {@code KVM_SET_SREGS}.
   *
   * @param sregs {@code struct kvm_sregs}
   */
  public void setSregs(MemorySegment sregs) {
    state(KvmIoctls.SET_SREGS, sregs);
    run.set(JAVA_LONG, KvmRun.APIC_BASE, sregs.get(JAVA_LONG, KvmSregs.APIC_BASE));
  }

  /**
   * Asks for what {@link #canLoadAtNextRun} compares with; until the first run nobody else does.
   */
  public void learnApicBase() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment sregs = arena.allocate(KvmSregs.LAYOUT);
      state(KvmIoctls.GET_SREGS, sregs);
      run.set(JAVA_LONG, KvmRun.APIC_BASE, sregs.get(JAVA_LONG, KvmSregs.APIC_BASE));
    }
  }

  /**
   * Whether {@link #loadAtNextRun} may be used for a state: KVM must be able to, and the address
   * and mode of the local APIC must be what the state says, since the APIC's registers are loaded
   * before.
   *
   * @param sregs {@code struct kvm_sregs} of the state
   * @return false if {@link #setSregs} must be used, before the local APIC is loaded
   */
  public boolean canLoadAtNextRun(MemorySegment sregs) {
    return syncsRegisters
        && run.get(JAVA_LONG, KvmRun.APIC_BASE) == sregs.get(JAVA_LONG, KvmSregs.APIC_BASE);
  }

  /**
   * Has the next {@link #run} load these before it enters the guest ({@code KVM_CAP_SYNC_REGS}),
   * which saves an ioctl for each. Where KVM refuses one, that run fails with {@code EINVAL}.
   *
   * @param regs {@code struct kvm_regs}
   * @param sregs {@code struct kvm_sregs}; see {@link #canLoadAtNextRun}
   * @param events {@code struct kvm_vcpu_events}
   */
  public void loadAtNextRun(MemorySegment regs, MemorySegment sregs, MemorySegment events) {
    MemorySegment.copy(regs, 0, run, KvmRun.SYNC_REGS, regs.byteSize());
    MemorySegment.copy(sregs, 0, run, KvmRun.SYNC_SREGS, sregs.byteSize());
    MemorySegment.copy(events, 0, run, KvmRun.SYNC_EVENTS, events.byteSize());
    run.set(JAVA_LONG, KvmRun.DIRTY_REGS, KvmRun.SYNC_X86_VALID_FIELDS);
  }

  /** Drops what {@link #loadAtNextRun} left for later: another state is about to be loaded. */
  public void forgetLoad() {
    run.set(JAVA_LONG, KvmRun.DIRTY_REGS, 0L);
  }

  /**
   * {@code KVM_GET_TSC_KHZ}.
   *
   * @return frequency of the guest's time-stamp counter, kHz
   */
  public int tscKhz() {
    return Syscalls.ioctl(fd.fd(), KvmIoctls.GET_TSC_KHZ, 0);
  }

  /**
   * {@code KVM_KVMCLOCK_CTRL}: tells the guest, when it runs again, that the host had stopped it,
   * so that its watchdogs look away. A guest that uses no kvmclock is not told.
   */
  public void tellStopped() {
    try {
      Syscalls.ioctl(fd.fd(), KvmIoctls.KVMCLOCK_CTRL, 0);
    } catch (ErrnoException e) {
      if (e.errno() != Errno.EINVAL) {
        throw e;
      }
    }
  }

  @Override
  public void close() {
    mapping.close();
    fd.close();
  }
}
