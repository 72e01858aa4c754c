package dev.rekindle.vmm.machine;

import dev.rekindle.vmm.abi.kvm.KvmIoctls;
import dev.rekindle.vmm.abi.linux.Epoll;
import dev.rekindle.vmm.arch.x86.AddressMap;
import dev.rekindle.vmm.bus.AcpiSleepControl;
import dev.rekindle.vmm.bus.BusDevice;
import dev.rekindle.vmm.bus.I8042;
import dev.rekindle.vmm.bus.IrqLine;
import dev.rekindle.vmm.bus.MmioBus;
import dev.rekindle.vmm.bus.PioBus;
import dev.rekindle.vmm.kvm.KvmVcpu;
import dev.rekindle.vmm.kvm.KvmVm;
import dev.rekindle.vmm.memory.GuestMemory;
import dev.rekindle.vmm.memory.MemoryRegion;
import dev.rekindle.vmm.serial.ConsoleTail;
import dev.rekindle.vmm.serial.Uart16550;
import dev.rekindle.vmm.sys.EventFd;
import dev.rekindle.vmm.sys.Mapping;
import dev.rekindle.vmm.vcpu.GuestBus;
import dev.rekindle.vmm.vcpu.VcpuExit;
import dev.rekindle.vmm.vcpu.VcpuThread;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * A VM of a {@link Shape}, fully built and empty: memory slot, interrupt chips, vCPUs with their
 * CPUID and parked threads, and for every device slot its interrupt line and ioeventfds. Nothing in
 * it depends on what will run there. A {@link MicroVm} occupies it.
 *
 * <p>Thread: one owner at a time; close from any thread but a vCPU's.
 */
public final class Shell implements AutoCloseable {
  private final Shape shape;
  private final KvmHost host;
  private final String name;
  private final CloseStack resources = new CloseStack();
  private final Mapping ram;
  private final GuestMemory memory;
  private final KvmVm vm;
  private final List<KvmVcpu> vcpus = new ArrayList<>();
  private final List<VcpuThread> threads = new ArrayList<>();
  private final List<SlotWiring> slots = new ArrayList<>();
  private final PioBus pio = new PioBus();
  private final MmioBus mmio = new MmioBus();
  private final ConsoleTail console = new ConsoleTail();
  private final Uart16550 uart;
  private volatile Consumer<VcpuExit> onExit = _ -> {};
  private volatile Runnable onReset = () -> {};
  private final I8042 keyboard = new I8042(() -> onReset.run());
  private boolean closed;

  private Shell(KvmHost host, Shape shape) {
    this.host = host;
    this.shape = shape;
    this.name = host.nextName();
    try {
      // First, so that they start while the rest is made.
      for (int i = 0; i < shape.vcpuCount(); i++) {
        threads.add(host.threads().take());
      }
      ram = resources.add(Mapping.anonymous(shape.memoryBytes()));
      memory = new GuestMemory(ram.segment());
      vm = resources.add(host.kvm().createVm());
      // The memory slots come before the irqchip: after it, each waits for a grace period.
      int slot = 0;
      for (MemoryRegion region : memory.regions()) {
        vm.setMemoryRegion(slot++, region.gpa(), region.hva());
      }
      vm.setReservedPages(AddressMap.TSS, AddressMap.IDENTITY_MAP);
      vm.createIrqchip();
      vm.createPit();
      uart = new Uart16550(() -> vm.raiseEdge(AddressMap.COM1_GSI), console);
      pio.map(AddressMap.COM1_PORT, 8, uart);
      pio.map(AddressMap.I8042_DATA_PORT, I8042.PORTS, keyboard);
      // Off or restarted: either way the guest is through.
      pio.map(AddressMap.ACPI_SLEEP_CONTROL_PORT, 2, new AcpiSleepControl(() -> onReset.run()));
      for (int i = 0; i < shape.devices().size(); i++) {
        slots.add(resources.add(new SlotWiring(i, shape.devices().get(i))));
      }
      for (int i = 0; i < shape.vcpuCount(); i++) {
        addVcpu(i);
      }
    } catch (RuntimeException | Error e) {
      try {
        free();
      } catch (RuntimeException suppressed) {
        e.addSuppressed(suppressed);
      }
      throw e;
    }
  }

  /**
   * Builds a shell.
   *
   * @param host this process's KVM
   * @param shape what to build
   * @return the caller owns it
   * @throws dev.rekindle.vmm.sys.ErrnoException if the kernel refuses; nothing is left behind
   */
  public static Shell build(KvmHost host, Shape shape) {
    return new Shell(host, shape);
  }

  private void addVcpu(int index) {
    KvmVcpu vcpu = resources.add(vm.createVcpu(index));
    vcpus.add(vcpu);
    vcpu.state(KvmIoctls.SET_CPUID2, host.cpuid(index, shape.vcpuCount()));
    vcpu.learnApicBase();
    threads
        .get(index)
        .attach(
            "vcpu-" + name + "-" + index,
            vcpu,
            bus(pio::read, pio::write),
            bus(mmio::read, mmio::write),
            exit -> onExit.accept(exit));
  }

  private interface Access {
    boolean at(long address, MemorySegment data);
  }

  private static GuestBus bus(Access read, Access write) {
    return new GuestBus() {
      @Override
      public boolean read(long address, MemorySegment data) {
        return read.at(address, data);
      }

      @Override
      public boolean write(long address, MemorySegment data) {
        return write.at(address, data);
      }
    };
  }

  /** One device slot: its window on the bus, its interrupt, its queue notifications. */
  final class SlotWiring implements AutoCloseable, BusDevice {
    private final CloseStack own = new CloseStack();
    private final IrqLine irq;
    private volatile SlotOccupant occupant = SlotOccupant.EMPTY;

    private SlotWiring(int index, DeviceSlot slot) {
      long base = AddressMap.virtioMmio(index);
      int gsi = AddressMap.virtioGsi(index);
      irq = () -> vm.raiseEdge(gsi);
      try {
        for (int q = 0; q < slot.queueCount(); q++) {
          int queue = q;
          EventFd notify = own.add(new EventFd());
          vm.bindIoeventfd(notify, base + SlotOccupant.QUEUE_NOTIFY_OFFSET, queue);
          own.add(
              host.loop()
                  .register(
                      notify.fd(),
                      Epoll.EPOLLIN,
                      () -> {
                        notify.drain();
                        occupant.queueNotified(queue);
                      }));
        }
      } catch (RuntimeException e) {
        own.close();
        throw e;
      }
      mmio.map(base, AddressMap.VIRTIO_MMIO_WINDOW, this);
    }

    IrqLine irq() {
      return irq;
    }

    void occupy(SlotOccupant device) {
      occupant = device;
    }

    void vacate() {
      occupant = SlotOccupant.EMPTY;
    }

    @Override
    public void read(long offset, MemorySegment data) {
      occupant.read(offset, data);
    }

    @Override
    public void write(long offset, MemorySegment data) {
      occupant.write(offset, data);
    }

    @Override
    public void close() {
      own.close();
    }
  }

  /**
   * @return the shape it was built for
   */
  public Shape shape() {
    return shape;
  }

  /**
   * @return name in thread names and logs
   */
  public String name() {
    return name;
  }

  /**
   * @return the guest's memory; valid until close
   */
  public GuestMemory memory() {
    return memory;
  }

  /**
   * The ports of the machine; tests and benchmarks map their own devices here.
   *
   * @return the bus
   */
  public PioBus pio() {
    return pio;
  }

  /**
   * Takes the first vCPU out of the guest and then runs something on its thread, which may {@link
   * MicroVm#recycle} the machine; that then goes on without a change of thread. Thread: any,
   * devices called by the guest included.
   *
   * @param work what it throws is logged
   * @throws IllegalStateException if the shell is closed or has other work of this kind
   */
  public void whenOut(Runnable work) {
    threads.getFirst().whenOut(work);
  }

  KvmHost host() {
    return host;
  }

  Mapping ram() {
    return ram;
  }

  KvmVm vm() {
    return vm;
  }

  List<KvmVcpu> vcpus() {
    return vcpus;
  }

  List<VcpuThread> threads() {
    return threads;
  }

  List<SlotWiring> slots() {
    return slots;
  }

  ConsoleTail console() {
    return console;
  }

  Uart16550 uart() {
    return uart;
  }

  I8042 keyboard() {
    return keyboard;
  }

  IrqLine generationIrq() {
    return () -> vm.raiseEdge(AddressMap.VM_GENERATION_GSI);
  }

  void onReset(Runnable listener) {
    onReset = listener;
  }

  void onExit(Consumer<VcpuExit> listener) {
    onExit = listener;
  }

  /** Stops the vCPUs, then frees everything in the reverse order of its making. Idempotent. */
  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      free();
    }
  }

  private void free() {
    // The others are asked before the first is waited for.
    threads.forEach(VcpuThread::requestPause);
    threads.forEach(host.threads()::giveBack);
    resources.close();
  }
}
