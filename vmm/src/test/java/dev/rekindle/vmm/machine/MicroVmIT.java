package dev.rekindle.vmm.machine;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rekindle.vmm.GuestCode;
import dev.rekindle.vmm.bus.BusDevice;
import dev.rekindle.vmm.memory.GuestMemory;
import dev.rekindle.vmm.sys.OwnedFd;
import dev.rekindle.vmm.sys.Syscalls;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Tag("kvm")
@Timeout(120)
class MicroVmIT {
  private static final long MEMORY = 16L << 20;
  private static final int TEST_PORT = 0x500;

  /** {@code mov dx,0x500; mov al,[0x2000]; l: inc al; mov [0x2000],al; out dx,al; jmp l}. */
  private static final byte[] COUNTER =
      java.util.HexFormat.of().parseHex("ba0005a00020fec0a20020eeebf8");

  private static final Shape SHAPE =
      new Shape(MEMORY, 1, List.of(new DeviceSlot.Rng(), new DeviceSlot.Vsock()));

  private final BlockingQueue<Byte> written = new LinkedBlockingQueue<>();
  private KvmHost host;

  @BeforeEach
  void openHost() {
    host = KvmHost.open();
  }

  @AfterEach
  void closeHost() {
    host.close();
  }

  private Shell shell() {
    Shell shell = Shell.build(host, SHAPE);
    shell.pio().map(TEST_PORT, 1, new Collector());
    return shell;
  }

  private final class Collector implements BusDevice {
    @Override
    public void read(long offset, MemorySegment data) {
      data.fill((byte) 0);
    }

    @Override
    public void write(long offset, MemorySegment data) {
      written.add(data.get(JAVA_BYTE, 0));
    }
  }

  /** A snapshot of the counter at a value, made without a boot. */
  private record Snapshot(PreparedState state, OwnedFd memory) implements AutoCloseable {
    @Override
    public void close() {
      state.close();
      memory.close();
    }
  }

  private Snapshot snapshotOfCounterAt(int value) {
    try (Shell shell = shell()) {
      GuestCode.place(shell.memory().slice(0, MEMORY), 0x1000, COUNTER);
      shell.memory().putByte(0x2000, (byte) value);
      start(shell);
      try (MicroVm vm = MicroVm.adopt(shell, List.of())) {
        OwnedFd memory = OwnedFd.memory("snapshot", MEMORY);
        Syscalls.pwrite(memory.fd(), vm.memory().slice(0, MEMORY), 0);
        return new Snapshot(new PreparedState(vm.capture()), memory);
      }
    }
  }

  private static void start(Shell shell) {
    GuestCode.startAt(shell.vcpus().getFirst(), 0x1000);
  }

  private byte next() throws InterruptedException {
    Byte value = written.poll(60, TimeUnit.SECONDS);
    assertThat(value).as("the guest's next output").isNotNull();
    return value;
  }

  @Test
  void shouldGoOnFromTheSnapshotWhenRestored() throws Exception {
    try (Snapshot snapshot = snapshotOfCounterAt(40);
        MicroVm vm = MicroVm.restore(shell(), snapshot.state, snapshot.memory.fd(), List.of())) {
      vm.resume();

      assertThat(next()).isEqualTo((byte) 41);
      assertThat(next()).isEqualTo((byte) 42);
    }
  }

  @Test
  void shouldKeepClonesApartWhenRestoredFromOneFile() throws Exception {
    try (Snapshot snapshot = snapshotOfCounterAt(10)) {
      try (MicroVm first =
          MicroVm.restore(shell(), snapshot.state, snapshot.memory.fd(), List.of())) {
        first.resume();
        next();
        first.pause();
        written.clear();
        try (MicroVm second =
            MicroVm.restore(shell(), snapshot.state, snapshot.memory.fd(), List.of())) {
          second.resume();
          assertThat(next()).isEqualTo((byte) 11);
        }
      }
    }
  }

  @Test
  void shouldHoldNothingOfTheLastGuestWhenShellIsUsedAgain() throws Exception {
    try (Snapshot snapshot = snapshotOfCounterAt(70)) {
      MicroVm first = MicroVm.restore(shell(), snapshot.state, snapshot.memory.fd(), List.of());
      first.memory().putLong(0x9000, 0x5EC2E7);
      first.resume();
      next();

      Shell shell = first.vacate();
      assertThat(shell.memory().getLong(0x9000)).isZero();
      written.clear();
      try (MicroVm second =
          MicroVm.restore(shell, snapshot.state, snapshot.memory.fd(), List.of())) {
        assertThat(second.memory().getLong(0x9000)).isZero();
        second.resume();
        assertThat(next()).isEqualTo((byte) 71);
      }
    }
  }

  @Test
  void shouldCaptureTheSameStateTwiceWhenPaused() throws Exception {
    try (Snapshot snapshot = snapshotOfCounterAt(5);
        MicroVm vm = MicroVm.restore(shell(), snapshot.state, snapshot.memory.fd(), List.of())) {
      vm.resume();
      next();
      vm.pause();

      MachineState one = vm.capture();
      MachineState two = vm.capture();

      assertThat(two.vcpus().getFirst().regs()).isEqualTo(one.vcpus().getFirst().regs());
      assertThat(two.vcpus().getFirst().sregs()).isEqualTo(one.vcpus().getFirst().sregs());
      assertThat(two.devices()).isEqualTo(one.devices());
    }
  }

  @Test
  void shouldRefuseASnapshotWhenShapeDiffers() {
    try (Snapshot snapshot = snapshotOfCounterAt(1);
        Shell other = Shell.build(host, new Shape(MEMORY * 2, 1, SHAPE.devices()))) {
      assertThatThrownBy(
              () -> MicroVm.restore(other, snapshot.state, snapshot.memory.fd(), List.of()))
          .isInstanceOfSatisfying(
              MachineException.class,
              e -> assertThat(e.code()).isEqualTo("machine.shape_mismatch"));
    }
  }

  @Test
  void shouldLeaveNothingBehindWhenManyMachinesCameAndWent() throws Exception {
    try (Snapshot snapshot = snapshotOfCounterAt(0)) {
      restoreAndClose(snapshot);
      long fds = count("/proc/self/fd");
      long threads = vcpuThreads();
      long mappings = Files.readAllLines(Path.of("/proc/self/maps")).size();

      for (int i = 0; i < 20; i++) {
        restoreAndClose(snapshot);
      }

      assertThat(count("/proc/self/fd")).isLessThanOrEqualTo(fds + 1);
      assertThat(vcpuThreads()).isEqualTo(threads);
      assertThat(Files.readAllLines(Path.of("/proc/self/maps")).size())
          .isLessThan((int) mappings + 20);
    }
  }

  private void restoreAndClose(Snapshot snapshot) throws Exception {
    try (MicroVm vm = MicroVm.restore(shell(), snapshot.state, snapshot.memory.fd(), List.of())) {
      vm.resume();
      next();
    }
    written.clear();
  }

  private static long count(String folder) throws Exception {
    try (var entries = Files.list(Path.of(folder))) {
      return entries.count();
    }
  }

  private static long vcpuThreads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(t -> t.getName().startsWith("vcpu-"))
        .count();
  }

  @Test
  void shouldEndWithAResetWhenGuestAsksTheKeyboardController() throws Exception {
    // mov al,0xfe; out 0x64,al; jmp $
    byte[] reset = java.util.HexFormat.of().parseHex("b0fee664ebfe");
    Shell shell = shell();
    GuestCode.place(shell.memory().slice(0, MEMORY), 0x1000, reset);
    start(shell);
    try (MicroVm vm = MicroVm.adopt(shell, List.of())) {
      vm.resume();

      assertThat(vm.exited().get(60, TimeUnit.SECONDS)).isInstanceOf(VmExit.Reset.class);
    }
  }

  @Test
  void shouldReachHighMemoryWhenMachineHasMoreThanThreeGibibytes() {
    long size = 4L << 30;
    try (Shell shell = Shell.build(host, new Shape(size, 1, List.of()))) {
      shell.memory().putLong(GuestMemory.HIGH_BASE + (1 << 20), 42);

      assertThat(shell.memory().getLong(GuestMemory.HIGH_BASE + (1 << 20))).isEqualTo(42);
      assertThat(shell.memory().regions()).hasSize(2);
    }
  }
}
