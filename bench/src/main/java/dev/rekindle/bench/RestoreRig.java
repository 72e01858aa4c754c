package dev.rekindle.bench;

import dev.rekindle.vmm.bus.BusDevice;
import dev.rekindle.vmm.machine.KvmHost;
import dev.rekindle.vmm.machine.MicroVm;
import dev.rekindle.vmm.machine.PreparedState;
import dev.rekindle.vmm.machine.Shape;
import dev.rekindle.vmm.machine.Shell;
import dev.rekindle.vmm.sys.OwnedFd;
import dev.rekindle.vmm.sys.Syscalls;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.LockSupport;

/**
 * Our ways to a guest's first exit, each as {@code floor/restore_limit.c} does it. Times run from
 * the call to the guest's port access, taken where it arrives, on the vCPU's thread.
 */
final class RestoreRig implements AutoCloseable {
  /** {@code mov dx,0x500; mov al,'A'; mov byte [0x2000],1; out dx,al; hlt}, as the floor's. */
  private static final byte[] GUEST = HexFormat.of().parseHex("ba0005b041c606002001eef4");

  private static final int PORT = 0x500;

  private final KvmHost host;
  private final Shape shape;
  private final PreparedState state;
  private final OwnedFd memory;
  private final List<MicroVm> others = new ArrayList<>();

  RestoreRig(KvmHost host, int memoryMib, int liveVms) {
    this.host = host;
    shape = new Shape((long) memoryMib << 20, 1, List.of());
    memory = OwnedFd.memory("snapshot", shape.memoryBytes());
    try (MicroVm vm = MicroVm.program(Shell.build(host, shape), GUEST, 0x1000)) {
      Syscalls.pwrite(memory.fd(), vm.memory().slice(0, 0x10000), 0);
      state = new PreparedState(vm.capture());
    }
    while (others.size() < liveVms) {
      FirstExit exit = new FirstExit();
      others.add(toFirstExit(shell(exit)));
      exit.await();
    }
  }

  /** Notes when the guest's first access comes, and tells who waits for it. */
  private static class FirstExit implements BusDevice {
    private final Thread waiter = Thread.currentThread();
    private volatile long atNanos;

    @Override
    public void read(long offset, MemorySegment data) {
      data.fill((byte) 0);
    }

    @Override
    public void write(long offset, MemorySegment data) {
      atNanos = System.nanoTime();
      LockSupport.unpark(waiter);
    }

    /** Parks, so that the vCPU has a processor to run on. */
    long await() {
      while (atNanos == 0) {
        LockSupport.park(this);
      }
      return atNanos;
    }
  }

  /** Recycles its own machine at every exit, on the vCPU's thread, until there were enough. */
  private final class Recycler implements BusDevice {
    private final long[] nanos;
    private final CountDownLatch done = new CountDownLatch(1);
    private final Shell shell;
    private MicroVm vm;
    private int run = -1;
    private long began;

    private Recycler(int runs) {
      nanos = new long[runs];
      shell = Shell.build(host, shape);
      shell.pio().map(PORT, 1, this);
      vm = MicroVm.restore(shell, state, memory.fd(), List.of());
    }

    private void start() {
      vm.resume();
    }

    @Override
    public void read(long offset, MemorySegment data) {
      data.fill((byte) 0);
    }

    @Override
    public void write(long offset, MemorySegment data) {
      if (run >= 0) {
        nanos[run] = System.nanoTime() - began;
      }
      if (++run == nanos.length) {
        done.countDown();
      } else {
        began = System.nanoTime();
        shell.whenOut(this::again);
      }
    }

    private void again() {
      vm = vm.recycle(state, memory.fd(), List.of());
      vm.resume();
    }
  }

  private Shell shell(BusDevice device) {
    Shell shell = Shell.build(host, shape);
    shell.pio().map(PORT, 1, device);
    return shell;
  }

  private MicroVm toFirstExit(Shell shell) {
    MicroVm vm = MicroVm.restore(shell, state, memory.fd(), List.of());
    vm.resume();
    return vm;
  }

  Samples fresh(int runs) {
    long[] nanos = new long[runs];
    long all = System.nanoTime();
    for (int i = 0; i < runs; i++) {
      FirstExit exit = new FirstExit();
      long began = System.nanoTime();
      MicroVm vm = toFirstExit(shell(exit));
      nanos[i] = exit.await() - began;
      vm.close();
    }
    return Samples.ofNanos(nanos, rate(runs, all));
  }

  Samples shells(int runs) {
    long[] nanos = new long[runs];
    List<FirstExit> exits = new ArrayList<>();
    List<Shell> shells = new ArrayList<>();
    for (int i = 0; i < runs; i++) {
      exits.add(new FirstExit());
      shells.add(shell(exits.get(i)));
    }
    long all = System.nanoTime();
    for (int i = 0; i < runs; i++) {
      long began = System.nanoTime();
      toFirstExit(shells.get(i));
      nanos[i] = exits.get(i).await() - began;
    }
    Samples samples = Samples.ofNanos(nanos, rate(runs, all));
    shells.forEach(Shell::close);
    return samples;
  }

  Samples recycle(int runs, int threads) {
    List<Recycler> recyclers = new ArrayList<>();
    for (int i = 0; i < threads; i++) {
      recyclers.add(new Recycler(runs / threads));
    }
    long all = System.nanoTime();
    recyclers.forEach(Recycler::start);
    recyclers.forEach(r -> await(r.done));
    double rate = rate(runs, all);
    recyclers.forEach(r -> r.vm.close());
    return Samples.ofNanos(
        recyclers.stream().flatMapToLong(r -> java.util.Arrays.stream(r.nanos)).toArray(), rate);
  }

  Samples recycleAsked(int runs) {
    long[] nanos = new long[runs];
    FirstExit exit = new FirstExit();
    MicroVm vm = toFirstExit(shell(exit));
    exit.await();
    long all = System.nanoTime();
    for (int i = 0; i < runs; i++) {
      exit.atNanos = 0;
      long began = System.nanoTime();
      vm = vm.recycle(state, memory.fd(), List.of());
      vm.resume();
      nanos[i] = exit.await() - began;
    }
    Samples samples = Samples.ofNanos(nanos, rate(runs, all));
    vm.close();
    return samples;
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  private static double rate(int runs, long sinceNanos) {
    return runs / ((System.nanoTime() - sinceNanos) / 1e9);
  }

  @Override
  public void close() {
    others.forEach(MicroVm::close);
    state.close();
    memory.close();
  }
}
