package dev.rekindle.vmm.kvm;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.rekindle.vmm.abi.kvm.KvmIoctls;
import dev.rekindle.vmm.abi.kvm.KvmIoeventfd;
import dev.rekindle.vmm.abi.kvm.KvmIrqLevel;
import dev.rekindle.vmm.abi.kvm.KvmPitConfig;
import dev.rekindle.vmm.abi.kvm.KvmUserspaceMemoryRegion;
import dev.rekindle.vmm.sys.ErrnoException;
import dev.rekindle.vmm.sys.EventFd;
import dev.rekindle.vmm.sys.OwnedFd;
import dev.rekindle.vmm.sys.Syscalls;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** A VM descriptor. Thread: any; close it after its vCPUs and before its memory is unmapped. */
public final class KvmVm implements AutoCloseable {
  private final OwnedFd fd;
  private final Kvm kvm;

  KvmVm(OwnedFd fd, Kvm kvm) {
    this.fd = fd;
    this.kvm = kvm;
  }

  /**
   * {@code KVM_SET_USER_MEMORY_REGION}. Before {@link #createIrqchip} it takes 0.1 ms; after it, it
   * waits for a grace period of 5 to 7 ms (Linux 6.18).
   *
   * @param slot number, from 0
   * @param gpa guest-physical address, page-aligned
   * @param hva host memory; must outlive the VM
   */
  public void setMemoryRegion(int slot, long gpa, MemorySegment hva) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment region = arena.allocate(KvmUserspaceMemoryRegion.LAYOUT);
      region.set(JAVA_INT, KvmUserspaceMemoryRegion.SLOT, slot);
      region.set(JAVA_LONG, KvmUserspaceMemoryRegion.GUEST_PHYS_ADDR, gpa);
      region.set(JAVA_LONG, KvmUserspaceMemoryRegion.MEMORY_SIZE, hva.byteSize());
      region.set(JAVA_LONG, KvmUserspaceMemoryRegion.USERSPACE_ADDR, hva.address());
      Syscalls.ioctl(fd.fd(), KvmIoctls.SET_USER_MEMORY_REGION, region);
    }
  }

  /**
   * {@code KVM_SET_TSS_ADDR} and {@code KVM_SET_IDENTITY_MAP_ADDR}, which Intel processors need.
   *
   * @param tss gpa of three pages
   * @param identityMap gpa of a page
   */
  public void setReservedPages(long tss, long identityMap) {
    Syscalls.ioctl(fd.fd(), KvmIoctls.SET_TSS_ADDR, tss);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment address = arena.allocateFrom(JAVA_LONG, identityMap);
      Syscalls.ioctl(fd.fd(), KvmIoctls.SET_IDENTITY_MAP_ADDR, address);
    }
  }

  /** {@code KVM_CREATE_IRQCHIP}: two PICs, an IOAPIC, and a local APIC for every vCPU to come. */
  public void createIrqchip() {
    Syscalls.ioctl(fd.fd(), KvmIoctls.CREATE_IRQCHIP, 0);
  }

  /** {@code KVM_CREATE_PIT2}, with port 0x61 answered in the kernel. */
  public void createPit() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment config = arena.allocate(KvmPitConfig.LAYOUT);
      config.set(JAVA_INT, KvmPitConfig.FLAGS, KvmPitConfig.SPEAKER_DUMMY);
      Syscalls.ioctl(fd.fd(), KvmIoctls.CREATE_PIT2, config);
    }
  }

  /**
   * {@code KVM_CREATE_VCPU}.
   *
   * @param index also its APIC id
   * @return the caller owns it
   */
  public KvmVcpu createVcpu(int index) {
    int vcpu = Syscalls.ioctl(fd.fd(), KvmIoctls.CREATE_VCPU, index);
    return new KvmVcpu(new OwnedFd(vcpu, "kvm-vcpu-" + index), kvm, index);
  }

  /**
   * Gives a guest interrupt line an edge ({@code KVM_IRQ_LINE} up, then down). When this returns
   * the interrupt chips have it: it is part of any state read from then on, and a vCPU takes it
   * when it next enters the guest.
   *
   * <p>An irqfd could not promise that: unless the line's route is an MSI, the kernel hands its
   * signal to a worker thread ({@code irqfd_wakeup}, Linux 6.12), which takes a wake-up longer.
   *
   * @param gsi global system interrupt, {@code [0, 23]}
   */
  public void raiseEdge(int gsi) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment line = arena.allocate(KvmIrqLevel.LAYOUT);
      line.set(JAVA_INT, KvmIrqLevel.IRQ, gsi);
      line.set(JAVA_INT, KvmIrqLevel.LEVEL, 1);
      Syscalls.ioctl(fd.fd(), KvmIoctls.IRQ_LINE, line);
      line.set(JAVA_INT, KvmIrqLevel.LEVEL, 0);
      Syscalls.ioctl(fd.fd(), KvmIoctls.IRQ_LINE, line);
    }
  }

  /**
   * Has a guest's 4-byte write of one value to one address signal an eventfd in the kernel ({@code
   * KVM_IOEVENTFD}), without an exit to user space.
   *
   * @param event stays the caller's; the binding ends with the VM
   * @param gpa the address written to
   * @param value that must be written
   * @throws ErrnoException {@code EEXIST} if address and value are taken
   */
  public void bindIoeventfd(EventFd event, long gpa, int value) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment ioeventfd = arena.allocate(KvmIoeventfd.LAYOUT);
      ioeventfd.set(JAVA_LONG, KvmIoeventfd.DATAMATCH, value);
      ioeventfd.set(JAVA_LONG, KvmIoeventfd.ADDR, gpa);
      ioeventfd.set(JAVA_INT, KvmIoeventfd.LEN, 4);
      ioeventfd.set(JAVA_INT, KvmIoeventfd.FD, event.fd());
      ioeventfd.set(JAVA_INT, KvmIoeventfd.FLAGS, KvmIoeventfd.FLAG_DATAMATCH);
      Syscalls.ioctl(fd.fd(), KvmIoctls.IOEVENTFD, ioeventfd);
    }
  }

  /**
   * {@code KVM_GET_IRQCHIP}.
   *
   * @param state {@code struct kvm_irqchip}, its {@code chip_id} set
   */
  public void getIrqchip(MemorySegment state) {
    Syscalls.ioctl(fd.fd(), KvmIoctls.GET_IRQCHIP, state);
  }

  /**
   * {@code KVM_SET_IRQCHIP}.
   *
   * @param state {@code struct kvm_irqchip}
   */
  public void setIrqchip(MemorySegment state) {
    Syscalls.ioctl(fd.fd(), KvmIoctls.SET_IRQCHIP, state);
  }

  /**
   * {@code KVM_GET_PIT2}.
   *
   * @param state {@code struct kvm_pit_state2}
   */
  public void getPit(MemorySegment state) {
    Syscalls.ioctl(fd.fd(), KvmIoctls.GET_PIT2, state);
  }

  /**
   * {@code KVM_SET_PIT2}.
   *
   * @param state {@code struct kvm_pit_state2}
   */
  public void setPit(MemorySegment state) {
    Syscalls.ioctl(fd.fd(), KvmIoctls.SET_PIT2, state);
  }

  /**
   * {@code KVM_GET_CLOCK}.
   *
   * @param state {@code struct kvm_clock_data}
   */
  public void getClock(MemorySegment state) {
    Syscalls.ioctl(fd.fd(), KvmIoctls.GET_CLOCK, state);
  }

  /**
   * {@code KVM_SET_CLOCK}.
   *
   * @param state {@code struct kvm_clock_data}, flags 0
   */
  public void setClock(MemorySegment state) {
    Syscalls.ioctl(fd.fd(), KvmIoctls.SET_CLOCK, state);
  }

  @Override
  public void close() {
    fd.close();
  }
}
