package dev.rekindle.vmm.machine;

import dev.rekindle.vmm.arch.x86.AddressMap;
import dev.rekindle.vmm.arch.x86.VirtioMmioSlot;
import dev.rekindle.vmm.boot.BootCpuState;
import dev.rekindle.vmm.boot.LinuxBoot;
import dev.rekindle.vmm.boot.RngSeed;
import dev.rekindle.vmm.kvm.KvmVcpu;
import dev.rekindle.vmm.memory.GuestMemory;
import dev.rekindle.vmm.serial.ConsoleTail;
import dev.rekindle.vmm.sys.ErrnoException;
import dev.rekindle.vmm.vcpu.VcpuExit;
import dev.rekindle.vmm.vcpu.VcpuState;
import dev.rekindle.vmm.vcpu.VcpuStateReader;
import dev.rekindle.vmm.vcpu.VcpuThread;
import dev.rekindle.vmm.virtio.vsock.VsockDevice;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;

/**
 * A shell with a guest in it. Made by {@link #boot} or {@link #restore}, both of which leave it
 * paused; {@link #resume} lets it run. Whoever makes it owns the shell through it: {@link #close}
 * ends both, {@link #vacate} ends the guest and gives the shell back.
 *
 * <p>Thread: any but vCPU threads and the device loop; one caller at a time.
 */
public final class MicroVm implements AutoCloseable {
  private static final SecureRandom RANDOM = new SecureRandom();
  private static final int GENERATION_BYTES = 16;

  private final Shell shell;
  private final Devices devices;
  private final CompletableFuture<VmExit> exited = new CompletableFuture<>();
  private boolean running;
  private boolean ended;

  private MicroVm(Shell shell, Devices devices) {
    this.shell = shell;
    this.devices = devices;
    shell.threads().forEach(VcpuThread::renew);
    shell.onExit(this::vcpuEnded);
    shell.onReset(this::resetWanted);
    shell.console().clear();
    shell.keyboard().reset();
  }

  /**
   * Puts a kernel into an empty shell, ready to run.
   *
   * @param shell fresh or vacated; this machine's from now on
   * @param config what to boot
   * @return paused before its first instruction
   * @throws dev.rekindle.vmm.boot.BootException if kernel or initramfs don't fit; the shell is the
   *     caller's again
   */
  public static MicroVm boot(Shell shell, BootConfig config) {
    Devices devices = new Devices(shell, config.disks());
    try {
      shell.ram().remapAnonymous(0, shell.shape().memoryBytes());
      // A booting kernel writes to most of its memory: one fault for 2 MiB instead of 512.
      shell.ram().adviseHugePages(0, shell.shape().memoryBytes());
      shell.uart().reset();
      byte[] seed = new byte[RngSeed.MAX_BYTES];
      RANDOM.nextBytes(seed);
      LinuxBoot.Request request =
          new LinuxBoot.Request(
              config.kernel(),
              config.initramfs(),
              config.commandLine(),
              RngSeed.of(seed),
              shell.shape().vcpuCount(),
              IntStream.range(0, shell.slots().size()).mapToObj(VirtioMmioSlot::of).toList());
      BootCpuState start = LinuxBoot.prepare(request, shell.memory());
      for (int i = 0; i < shell.vcpus().size(); i++) {
        KvmVcpu vcpu = shell.vcpus().get(i);
        BootCpuState registers = i == 0 ? start : null;
        BootRegisters.load(vcpu, registers);
      }
      MicroVm vm = new MicroVm(shell, devices);
      vm.writeGenerationId();
      return vm;
    } catch (RuntimeException e) {
      devices.close();
      throw e;
    }
  }

  /**
   * Puts a small real-mode program into an empty shell: what tests and benchmarks run, since it
   * needs no kernel and runs on every KVM.
   *
   * @param shell fresh or vacated; this machine's from now on
   * @param code machine code
   * @param gpa where it is placed and begins, below 64 KiB
   * @return paused before its first instruction
   */
  public static MicroVm program(Shell shell, byte[] code, long gpa) {
    shell.memory().write(gpa, code, 0, code.length);
    KvmVcpu vcpu = shell.vcpus().getFirst();
    BootRegisters.realMode(vcpu, gpa);
    return adopt(shell, List.of());
  }

  /**
   * Makes a machine of a shell whose memory and registers were set otherwise: assembler guests.
   *
   * @param shell this machine's from now on
   * @param disks one for each block slot, in order
   * @return paused
   */
  static MicroVm adopt(Shell shell, List<Disk> disks) {
    return new MicroVm(shell, new Devices(shell, disks));
  }

  /**
   * Puts a snapshot into an empty shell of its shape: memory copy-on-write from the file, every
   * register set, every device.
   *
   * @param shell fresh or vacated; this machine's from now on
   * @param state the snapshot's
   * @param memoryFile the snapshot's memory, open for reading; may be closed afterwards
   * @param disks one for each block slot, in order
   * @return paused where the snapshot was taken
   * @throws MachineException {@code machine.shape_mismatch}, {@code machine.state_refused}; the
   *     shell is then only good to be closed
   */
  public static MicroVm restore(
      Shell shell, PreparedState state, int memoryFile, List<Disk> disks) {
    return restore(shell, state, memoryFile, disks, () -> {});
  }

  /**
   * As {@link #restore(Shell, PreparedState, int, List)}, for who times its two stages.
   *
   * @param shell fresh or vacated; this machine's from now on
   * @param state the snapshot's
   * @param memoryFile the snapshot's memory, open for reading; may be closed afterwards
   * @param disks one for each block slot, in order
   * @param onMapped called when the memory is mapped and the state not loaded yet
   * @return paused where the snapshot was taken
   * @throws MachineException as there
   */
  public static MicroVm restore(
      Shell shell, PreparedState state, int memoryFile, List<Disk> disks, Runnable onMapped) {
    if (!shell.shape().equals(state.state().shape())) {
      throw new MachineException(
          "machine.shape_mismatch",
          "snapshot of " + state.state().shape() + " in a shell of " + shell.shape(),
          null);
    }
    shell.threads().forEach(VcpuThread::expectResume);
    Devices devices = new Devices(shell, disks);
    try {
      shell.ram().remapPrivate(0, shell.shape().memoryBytes(), memoryFile, 0);
      onMapped.run();
      devices.restore(state.state().devices());
      loadState(shell, state);
      return new MicroVm(shell, devices);
    } catch (ErrnoException | IllegalArgumentException | IllegalStateException e) {
      devices.close();
      throw new MachineException("machine.state_refused", e.getMessage(), e);
    } catch (RuntimeException e) {
      devices.close();
      throw e;
    }
  }

  /** All on the caller's thread: a change of thread costs more than a vCPU's registers do. */
  private static void loadState(Shell shell, PreparedState state) {
    // Chips first: loading a LAPIC looks at the IOAPIC's routes, and the clock must be right before
    // any vCPU's clock page is written.
    state.chips().load(shell.vm());
    for (int i = 0; i < shell.vcpus().size(); i++) {
      state.vcpu(i).load(shell.vcpus().get(i));
    }
    // What it raises goes to the chips.
    shell.uart().restore(state.state().uart());
  }

  /**
   * Writes a fresh VM generation id and, if the machine runs or will, interrupts the guest to read
   * it. Call while paused.
   *
   * @return the 16 bytes
   */
  public byte[] renewGenerationId() {
    byte[] id = writeGenerationId();
    shell.generationIrq().raise();
    return id;
  }

  private byte[] writeGenerationId() {
    byte[] id = new byte[GENERATION_BYTES];
    RANDOM.nextBytes(id);
    shell.memory().write(AddressMap.VM_GENERATION_ID, id, 0, id.length);
    return id;
  }

  /** Lets devices and vCPUs run. */
  public synchronized void resume() {
    if (!running && !ended) {
      running = true;
      devices.resume();
      shell.threads().forEach(VcpuThread::resume);
    }
  }

  /** Stops vCPUs, then devices. When this returns nothing writes to the guest's memory. */
  public synchronized void pause() {
    running = false;
    shell.threads().forEach(VcpuThread::requestPause);
    shell.threads().forEach(VcpuThread::pause);
    // Notifications that are in eventfds go through the loop before the devices stop.
    shell.host().loop().barrier();
    devices.pause();
    shell.vcpus().forEach(KvmVcpu::tellStopped);
  }

  /**
   * Reads the whole state. Call while paused.
   *
   * @return the state; the memory is in {@link #memory}
   */
  public synchronized MachineState capture() {
    if (running || ended) {
      throw new IllegalStateException("only a paused machine can be captured");
    }
    int xsaveBytes = shell.host().kvm().xsaveBytes();
    int[] msrs = shell.host().msrs();
    List<VcpuState> vcpus = new ArrayList<>();
    for (int i = 0; i < shell.vcpus().size(); i++) {
      KvmVcpu vcpu = shell.vcpus().get(i);
      vcpus.add(VcpuStateReader.read(vcpu, xsaveBytes, msrs));
    }
    ChipsState chips = ChipsState.read(shell.vm());
    return new MachineState(shell.shape(), vcpus, chips, shell.uart().capture(), devices.capture());
  }

  private void vcpuEnded(VcpuExit exit) {
    exited.completeAsync(() -> new VmExit.Stopped(exit));
  }

  private void resetWanted() {
    exited.completeAsync(VmExit.Reset::new);
  }

  /**
   * @return completed when the guest has stopped by itself, or the machine was closed
   */
  public CompletableFuture<VmExit> exited() {
    return exited;
  }

  /**
   * @return the guest's memory; valid until close
   */
  public GuestMemory memory() {
    return shell.memory();
  }

  /**
   * @return the socket device
   * @throws IllegalStateException if the shape has none
   */
  public VsockDevice vsock() {
    if (devices.vsock() == null) {
      throw new IllegalStateException("the machine has no vsock: " + shell.shape());
    }
    return devices.vsock();
  }

  /**
   * @return what the guest wrote to its serial console
   */
  public ConsoleTail console() {
    return shell.console();
  }

  /**
   * @return the hardware under this machine
   */
  public Shell shell() {
    return shell;
  }

  /**
   * Ends the guest: vCPUs stopped, connections closed, disks closed, memory dropped.
   *
   * @return the shell, empty, the caller's
   */
  public synchronized Shell vacate() {
    if (ended) {
      throw new IllegalStateException("the machine has ended already");
    }
    stop();
    shell.ram().remapAnonymous(0, shell.shape().memoryBytes());
    return shell;
  }

  /**
   * Ends the guest and restores another into the same shell, in one pass: its memory is mapped over
   * the old guest's, every register set and every device is written over. Thread: as {@link
   * #close}, or the first vCPU's in {@link Shell#whenOut}.
   *
   * @param state of the same shape
   * @param memoryFile the snapshot's memory, open for reading; may be closed afterwards
   * @param disks one for each block slot, in order
   * @return the new machine, paused; owns the shell from now on
   * @throws MachineException as {@link #restore}; the shell is then closed
   */
  public synchronized MicroVm recycle(PreparedState state, int memoryFile, List<Disk> disks) {
    if (ended) {
      throw new IllegalStateException("the machine has ended already");
    }
    stop();
    try {
      return restore(shell, state, memoryFile, disks);
    } catch (RuntimeException e) {
      shell.close();
      throw e;
    }
  }

  private void stop() {
    ended = true;
    running = false;
    shell.threads().forEach(VcpuThread::requestPause);
    shell.threads().forEach(VcpuThread::pause);
    devices.close();
    shell.onExit(_ -> {});
    shell.onReset(() -> {});
    exited.complete(new VmExit.Closed());
  }

  /** Ends the guest and frees its shell. Idempotent. */
  @Override
  public synchronized void close() {
    if (!ended) {
      stop();
      shell.close();
    }
  }
}
