package dev.rekindle.vmm.machine;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.rekindle.vmm.bus.BusDevice;
import dev.rekindle.vmm.memory.HugePageSupport;
import dev.rekindle.vmm.memory.PageRuns;
import dev.rekindle.vmm.memory.TouchedPages;
import dev.rekindle.vmm.sys.Mapping;
import dev.rekindle.vmm.sys.OwnedFd;
import dev.rekindle.vmm.sys.Syscalls;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Faults of a guest that reads one page and writes another, from memory of every kind. */
@Tag("kvm")
@Timeout(120)
class GuestMemoryIT {
  private static final long MEMORY = 16L << 20;
  private static final int PORT = 0x500;

  /** {@code mov dx,0x500; mov al,[0x8000]; mov [0x4000],al; out dx,al; hlt}. */
  private static final byte[] GUEST = HexFormat.of().parseHex("ba0005a00080a20040eef4");

  private static final long CODE_PAGE = 0x1000 / 4096;
  private static final long WRITTEN_PAGE = 0x4000 / 4096;
  private static final long READ_PAGE = 0x8000 / 4096;
  private static final Shape SHAPE = new Shape(MEMORY, 1, List.of());

  private final BlockingQueue<Byte> written = new LinkedBlockingQueue<>();
  private KvmHost host;
  private PreparedState state;
  private OwnedFd file;

  @BeforeEach
  void snapshot() {
    host = KvmHost.open();
    file = OwnedFd.memory("snapshot", MEMORY);
    try (MicroVm vm = MicroVm.program(Shell.build(host, SHAPE), GUEST, 0x1000)) {
      vm.memory().putByte(0x8000, (byte) 42);
      Syscalls.pwrite(file.fd(), vm.memory().slice(0, MEMORY), 0);
      state = new PreparedState(vm.capture());
    }
  }

  @AfterEach
  void close() {
    state.close();
    file.close();
    host.close();
  }

  @Test
  void shouldSayWhatAGuestReadAndWrote() throws Exception {
    try (MicroVm vm = restored(new MemorySource.CopyOnWrite(file.fd()))) {
      assertThat(vm.memoryUse().ownPages()).isZero();
      assertThat(vm.memoryUse().faults().minor()).isZero();

      run(vm);

      assertThat(vm.memoryUse().ownPages()).isEqualTo(1);
      assertThat(vm.memoryUse().faults().minor()).isPositive();
      vm.pause();
      TouchedPages touched = vm.touchedPages();
      assertThat(touched.written()).isEqualTo(PageRuns.of(WRITTEN_PAGE, WRITTEN_PAGE + 1));
      assertThat(contains(touched.read(), READ_PAGE)).isTrue();
      assertThat(contains(touched.read(), CODE_PAGE)).isTrue();
    }
  }

  @Test
  void shouldFaultLessWhenItsPagesWerePrefetched() throws Exception {
    long without;
    try (MicroVm vm = restored(new MemorySource.CopyOnWrite(file.fd()))) {
      run(vm);
      without = vm.memoryUse().faults().minor();
    }
    PageRuns read = PageRuns.of(0, 4, 5, 16);
    PageRuns own = PageRuns.of(WRITTEN_PAGE, WRITTEN_PAGE + 1);
    for (boolean intoGuest : new boolean[] {false, true}) {
      try (MicroVm vm = restored(new MemorySource.CopyOnWrite(file.fd()))) {
        vm.prefetch(new Prefetch(read, own, intoGuest));
        assertThat(vm.touchedPages().written()).isEqualTo(own);

        run(vm);

        // What is left are the thread's own, of code it had not run before.
        assertThat(vm.memoryUse().faults().minor()).isLessThan(without);
        assertThat(vm.memoryUse().ownPages()).isEqualTo(1);
      }
    }
  }

  @Test
  void shouldRunFromACopyInTransparentHugePages() throws Exception {
    MemorySource copied = new MemorySource.Copied(file.fd(), PageRuns.of(1, 2, 8, 9));
    try (MicroVm vm = restored(copied)) {
      run(vm);

      assertThat(vm.memoryUse().ownPages()).isIn(3L, 512L);
      assertThat(vm.memoryUse().ownPages() == 512).isEqualTo(HugePageSupport.isTransparent());
    }
  }

  @Test
  void shouldRunFromReservedHugePagesAndRefuseWhereTooFewAreFree() throws Exception {
    Path reserve = Path.of("/proc/sys/vm/nr_hugepages");
    long before = HugePageSupport.reserved();
    assumeTrue(Files.isWritable(reserve) && before == 0, "cannot reserve huge pages");
    int needed = (int) (MEMORY / Mapping.HUGE_PAGE_BYTES);
    try {
      // As many for the guest, and one for the page of the file that has data.
      Files.writeString(reserve, Integer.toString(needed + 1));
      assumeTrue(HugePageSupport.free() == needed + 1, "the kernel found no room for huge pages");
      try (OwnedFd huge = hugeCopy()) {
        MemorySource source = new MemorySource.Huge(huge.fd());
        try (MicroVm vm = restored(source)) {
          run(vm);
          assertThat(vm.memoryUse().ownPages()).isEqualTo(512);

          assertThatExceptionOfType(MachineException.class)
              .isThrownBy(() -> restored(source))
              .satisfies(e -> assertThat(e.code()).isEqualTo("machine.no_huge_pages"))
              .withMessageContaining("vm.nr_hugepages");
        }
        try (MicroVm vm = restored(source)) {
          run(vm);
        }
      }
    } finally {
      Files.writeString(reserve, Long.toString(before));
    }
    assertThat(HugePageSupport.reserved()).isEqualTo(before);
  }

  private OwnedFd hugeCopy() {
    OwnedFd huge = OwnedFd.hugeMemory("huge", MEMORY);
    // Only what has data: a shared mapping has the kernel promise pages to the file for good.
    try (Mapping mapping = Mapping.fileShared(huge.fd(), 0, Mapping.HUGE_PAGE_BYTES);
        Mapping from = Mapping.filePrivate(file.fd(), 0, MEMORY)) {
      mapping.segment().asSlice(0, 1 << 16).copyFrom(from.segment().asSlice(0, 1 << 16));
    }
    return huge;
  }

  private MicroVm restored(MemorySource memory) {
    Shell shell = Shell.build(host, SHAPE);
    shell.pio().map(PORT, 1, new Collector());
    try {
      return MicroVm.restore(shell, state, memory, List.of(), () -> {});
    } catch (RuntimeException e) {
      shell.close();
      throw e;
    }
  }

  private void run(MicroVm vm) throws InterruptedException {
    vm.resume();
    assertThat(written.poll(60, TimeUnit.SECONDS)).isEqualTo((byte) 42);
  }

  private static boolean contains(PageRuns runs, long page) {
    for (int i = 0; i < runs.runs(); i++) {
      if (runs.first(i) <= page && page < runs.end(i)) {
        return true;
      }
    }
    return false;
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
}
