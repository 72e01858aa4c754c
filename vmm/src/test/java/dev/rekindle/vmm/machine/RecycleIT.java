package dev.rekindle.vmm.machine;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;

import dev.rekindle.vmm.GuestCode;
import dev.rekindle.vmm.abi.kvm.KvmMsrEntry;
import dev.rekindle.vmm.abi.kvm.KvmPitState2;
import dev.rekindle.vmm.abi.kvm.KvmRegs;
import dev.rekindle.vmm.abi.kvm.KvmSegment;
import dev.rekindle.vmm.abi.kvm.KvmSregs;
import dev.rekindle.vmm.arch.x86.Msrs;
import dev.rekindle.vmm.bus.BusDevice;
import dev.rekindle.vmm.sys.Mapping;
import dev.rekindle.vmm.sys.OwnedFd;
import dev.rekindle.vmm.sys.Syscalls;
import dev.rekindle.vmm.vcpu.VcpuState;
import dev.rekindle.vmm.virtio.DeviceState;
import dev.rekindle.vmm.virtio.QueueState;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Nothing of a guest is to be found in the VM it ran in once another was restored there. */
@Tag("kvm")
@Timeout(1200)
class RecycleIT {
  private static final long MEMORY = 4L << 20;
  private static final int TEST_PORT = 0x500;

  /** {@code mov dx,0x500; mov byte [0x2000],1; out dx,al; hlt}. */
  private static final byte[] ONE_OUT = HexFormat.of().parseHex("ba0005c606002001eef4");

  private static final Shape SHAPE =
      new Shape(MEMORY, 1, List.of(new DeviceSlot.Rng(), new DeviceSlot.Vsock()));

  /** They tell the time, which goes on. */
  private static final Set<Integer> CLOCKS = Set.of(Msrs.TSC, Msrs.TSC_DEADLINE);

  private static final int STAR = 0xC000_0081;
  private static final Set<Integer> ADDRESSES =
      Set.of(0x175, 0x176, STAR, STAR + 1, STAR + 2, 0xC000_0102);

  private final Random random = new Random(20261124);
  private KvmHost host;
  private OwnedFd cleanMemory;
  private MachineState cleanState;
  private PreparedState clean;

  @BeforeEach
  void makeTheSnapshot() {
    host = KvmHost.open();
    cleanMemory = OwnedFd.memory("clean", MEMORY);
    Shell shell = Shell.build(host, SHAPE);
    GuestCode.place(shell.memory().slice(0, MEMORY), 0x1000, ONE_OUT);
    GuestCode.startAt(shell.vcpus().getFirst(), 0x1000);
    try (MicroVm vm = MicroVm.adopt(shell, List.of())) {
      Syscalls.pwrite(cleanMemory.fd(), vm.memory().slice(0, MEMORY), 0);
      cleanState = vm.capture();
    }
    clean = new PreparedState(cleanState);
  }

  @AfterEach
  void close() {
    clean.close();
    cleanMemory.close();
    host.close();
  }

  @Test
  void shouldHoldNothingOfAnyGuestThatWasThereBefore() throws Exception {
    MachineState untouched;
    try (MicroVm vm =
        MicroVm.restore(Shell.build(host, SHAPE), clean, cleanMemory.fd(), List.of())) {
      untouched = vm.capture();
    }
    MicroVm vm = MicroVm.restore(Shell.build(host, SHAPE), clean, cleanMemory.fd(), List.of());
    for (int i = 0; i < 30; i++) {
      try (OwnedFd dirtyMemory = OwnedFd.memory("dirty", MEMORY);
          PreparedState dirty = new PreparedState(dirty())) {
        fill(dirtyMemory);
        vm = vm.recycle(dirty, dirtyMemory.fd(), List.of());
        vm.resume();
        Thread.sleep(random.nextInt(3));

        vm = i % 2 == 0 ? recycled(vm) : vacatedAndRestored(vm);

        assertSame(vm.capture(), untouched);
        assertMemoryIsTheSnapshots(vm);
      }
    }
    vm.close();
  }

  private MicroVm recycled(MicroVm vm) {
    return vm.recycle(clean, cleanMemory.fd(), List.of());
  }

  private MicroVm vacatedAndRestored(MicroVm vm) {
    Shell shell = vm.vacate();
    MemorySegment all = shell.memory().slice(0, MEMORY);
    assertThat(all.mismatch(MemorySegment.ofArray(new byte[(int) MEMORY]))).isEqualTo(-1);
    assertThat(shell.console().totalBytes()).isZero();
    return MicroVm.restore(shell, clean, cleanMemory.fd(), List.of());
  }

  private void fill(OwnedFd file) {
    byte[] bytes = new byte[(int) MEMORY];
    random.nextBytes(bytes);
    System.arraycopy(GuestCode.SPIN, 0, bytes, 0x1000, GuestCode.SPIN.length);
    try (Mapping mapping = Mapping.fileShared(file.fd(), 0, MEMORY)) {
      MemorySegment.copy(bytes, 0, mapping.segment(), JAVA_BYTE, 0, bytes.length);
    }
  }

  private void assertMemoryIsTheSnapshots(MicroVm vm) {
    try (Mapping file = Mapping.filePrivate(cleanMemory.fd(), 0, MEMORY)) {
      assertThat(vm.memory().slice(0, MEMORY).mismatch(file.segment())).isEqualTo(-1);
    }
  }

  /** A state in which everything that can be is another guest's. */
  private MachineState dirty() {
    VcpuState v = cleanState.vcpus().getFirst();
    ChipsState c = cleanState.chips();
    VcpuState vcpu =
        new VcpuState(
            dirtyRegs(v.regs()),
            dirtySregs(v.sregs()),
            dirtyXsave(v.xsave()),
            v.xcrs(),
            dirtyDebugRegisters(v.debugregs()),
            dirtyLapic(v.lapic()),
            v.mpState(),
            v.events(),
            dirtyMsrs(v.msrs()));
    ChipsState chips =
        new ChipsState(
            dirtyFrom(c.picMaster(), 8),
            dirtyFrom(c.picSlave(), 8),
            dirtyIoapic(c.ioapic()),
            dirtyPit(c.pit()),
            c.clock());
    List<DeviceState> devices = cleanState.devices().stream().map(RecycleIT::withADriver).toList();
    return new MachineState(SHAPE, List.of(vcpu), chips, cleanState.uart(), devices);
  }

  private static ByteBuffer copy(byte[] bytes) {
    return ByteBuffer.wrap(bytes.clone()).order(ByteOrder.LITTLE_ENDIAN);
  }

  private byte[] dirtyRegs(byte[] regs) {
    ByteBuffer out = copy(regs);
    for (int at = 0; at < KvmRegs.RIP; at += 8) {
      out.putLong(at, random.nextLong());
    }
    return out.putLong((int) KvmRegs.RIP, 0x1000).array();
  }

  private byte[] dirtySregs(byte[] sregs) {
    ByteBuffer out = copy(sregs);
    for (long segment : new long[] {KvmSregs.DS, KvmSregs.ES, KvmSregs.FS, KvmSregs.GS}) {
      int selector = random.nextInt(0x10000);
      out.putShort((int) (segment + KvmSegment.SELECTOR), (short) selector);
      out.putLong((int) (segment + KvmSegment.BASE), selector * 16L);
    }
    out.putLong((int) KvmSregs.CR2, random.nextLong());
    return out.array();
  }

  private byte[] dirtyXsave(byte[] xsave) {
    ByteBuffer out = copy(xsave);
    // x87 and SSE registers; XSTATE_BV says that both are in use.
    for (int at = 32; at < 416; at++) {
      out.put(at, (byte) random.nextInt());
    }
    return out.putLong(512, out.getLong(512) | 3).array();
  }

  private byte[] dirtyDebugRegisters(byte[] registers) {
    ByteBuffer out = copy(registers);
    for (int i = 0; i < 4; i++) {
      out.putLong(8 * i, random.nextInt(Integer.MAX_VALUE));
    }
    return out.array();
  }

  private byte[] dirtyLapic(byte[] lapic) {
    ByteBuffer out = copy(lapic);
    // Requested interrupts of vectors 32 to 255, the timer's initial count, the divider.
    for (int i = 1; i < 8; i++) {
      out.putInt(0x200 + 16 * i, random.nextInt());
    }
    return out.putInt(0x380, random.nextInt(1 << 30)).putInt(0x3E0, random.nextInt(4)).array();
  }

  private byte[] dirtyMsrs(byte[] msrs) {
    ByteBuffer out = copy(msrs);
    int size = (int) KvmMsrEntry.LAYOUT.byteSize();
    for (int at = 0; at < msrs.length; at += size) {
      if (ADDRESSES.contains(out.getInt(at))) {
        out.putLong(at + (int) KvmMsrEntry.DATA, random.nextInt(Integer.MAX_VALUE));
      }
    }
    return out.array();
  }

  private byte[] dirtyFrom(byte[] bytes, int from) {
    byte[] out = bytes.clone();
    for (int i = from; i < from + 16; i++) {
      out[i] = (byte) random.nextInt(2);
    }
    return out;
  }

  private byte[] dirtyIoapic(byte[] ioapic) {
    ByteBuffer out = copy(ioapic);
    // base, ioregsel, id, irr, pad: the redirection table begins at 8 + 24.
    for (int pin = 0; pin < 24; pin++) {
      out.putLong(32 + 8 * pin, 1L << 16 | random.nextInt(256));
    }
    return out.array();
  }

  private byte[] dirtyPit(byte[] pit) {
    return copy(pit).putInt(0, 1 + random.nextInt(0xFFFF)).array();
  }

  private static DeviceState withADriver(DeviceState state) {
    List<QueueState> queues = new ArrayList<>();
    for (int i = 0; i < state.queues().size(); i++) {
      long at = 0x10_0000L + 0x1_0000L * i;
      queues.add(new QueueState(16, true, at, at + 0x1000, at + 0x2000, (short) 3, (short) 3));
    }
    return new DeviceState(
        state.deviceId(),
        15,
        1L << 32,
        1,
        new DeviceState.Selectors(1, 1, 1),
        queues,
        state.device());
  }

  private static void assertSame(MachineState actual, MachineState expected) {
    VcpuState a = actual.vcpus().getFirst();
    VcpuState e = expected.vcpus().getFirst();
    assertThat(a.regs()).as("regs").isEqualTo(e.regs());
    assertThat(a.sregs()).as("sregs").isEqualTo(e.sregs());
    assertThat(a.xsave()).as("xsave").isEqualTo(e.xsave());
    assertThat(a.xcrs()).as("xcrs").isEqualTo(e.xcrs());
    assertThat(a.debugregs()).as("debugregs").isEqualTo(e.debugregs());
    assertThat(a.lapic()).as("lapic").isEqualTo(e.lapic());
    assertThat(a.mpState()).as("mpState").isEqualTo(e.mpState());
    assertThat(a.events()).as("events").isEqualTo(e.events());
    assertThat(msrs(a)).as("msrs").isEqualTo(msrs(e));
    assertThat(actual.chips().picMaster()).as("picMaster").isEqualTo(e(expected).picMaster());
    assertThat(actual.chips().picSlave()).as("picSlave").isEqualTo(e(expected).picSlave());
    assertThat(actual.chips().ioapic()).as("ioapic").isEqualTo(e(expected).ioapic());
    assertThat(counts(actual.chips().pit())).as("pit").isEqualTo(counts(e(expected).pit()));
    assertThat(actual.uart()).as("uart").isEqualTo(expected.uart());
    assertThat(actual.devices()).as("devices").isEqualTo(expected.devices());
  }

  private static ChipsState e(MachineState state) {
    return state.chips();
  }

  private static Map<String, Long> msrs(VcpuState state) {
    Map<String, Long> all = new TreeMap<>();
    ByteBuffer in = copy(state.msrs());
    while (in.hasRemaining()) {
      int index = in.getInt();
      in.getInt();
      long value = in.getLong();
      if (!CLOCKS.contains(index)) {
        all.put(Integer.toHexString(index), value);
      }
    }
    return all;
  }

  /** The counters of the three channels; when each was loaded is a time of the host's. */
  private static List<Integer> counts(byte[] pit) {
    ByteBuffer in = copy(pit);
    int channel = (int) (KvmPitState2.LAYOUT.byteSize() - 40) / 3;
    return List.of(in.getInt(0), in.getInt(channel), in.getInt(2 * channel));
  }

  @Test
  void shouldLeakNothingWhenRecycledAHundredThousandTimes() throws Exception {
    Soak soak = new Soak();
    soak.run(10_000);
    Footprint before = Footprint.now();

    soak.run(100_000);

    Footprint after = Footprint.now();
    soak.vm.close();
    assertThat(after.fds).isEqualTo(before.fds);
    assertThat(after.threads).isEqualTo(before.threads);
    assertThat(after.mappings).isLessThan(before.mappings + 16);
    assertThat(after.privateKib).isLessThan(before.privateKib + 32 * 1024);
  }

  /** Recycles at each exit of the guest, on its thread. */
  private final class Soak implements BusDevice {
    private final Shell shell = Shell.build(host, SHAPE);
    private MicroVm vm;
    private final AtomicInteger left = new AtomicInteger();
    private CountDownLatch done;

    private Soak() {
      shell.pio().map(TEST_PORT, 1, this);
      vm = MicroVm.restore(shell, clean, cleanMemory.fd(), List.of());
    }

    private void run(int recycles) throws InterruptedException {
      left.set(recycles);
      done = new CountDownLatch(1);
      shell.whenOut(this::again);
      // As long as it goes on it may take as long as it takes: a host may be a lab, or busy.
      for (int seen = recycles + 1; !done.await(60, TimeUnit.SECONDS); seen = left.get()) {
        assertThat(left.get()).as("recycles left, which do not get fewer").isLessThan(seen);
      }
    }

    private void again() {
      vm = vm.recycle(clean, cleanMemory.fd(), List.of());
      vm.resume();
    }

    @Override
    public void read(long offset, MemorySegment data) {
      data.fill((byte) 0);
    }

    @Override
    public void write(long offset, MemorySegment data) {
      if (left.decrementAndGet() > 0) {
        shell.whenOut(this::again);
      } else {
        done.countDown();
      }
    }
  }

  private record Footprint(long fds, long threads, long mappings, long privateKib) {
    private static Footprint now() throws Exception {
      System.gc();
      try (var fds = Files.list(Path.of("/proc/self/fd"));
          var threads = Files.list(Path.of("/proc/self/task"))) {
        long kib =
            Files.readAllLines(Path.of("/proc/self/smaps_rollup")).stream()
                .filter(line -> line.startsWith("Private_Dirty"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                .sum();
        long mappings = Files.readAllLines(Path.of("/proc/self/maps")).size();
        return new Footprint(fds.count(), threads.count(), mappings, kib);
      }
    }
  }

  @Test
  void shouldNeverSkipAnInstructionOfTheNextGuest() throws Exception {
    // The port write that the first guest is in the middle of is completed before the next one's
    // registers are loaded; otherwise KVM would step over the next guest's instruction at the same
    // address, here its own port write.
    Soak soak = new Soak();
    soak.run(1_000);
    assertThat(Arrays.equals(soak.vm.memory().slice(0x2000, 1).toArray(JAVA_BYTE), new byte[] {1}))
        .isTrue();
    soak.vm.close();
  }
}
