package dev.rekindle.vmm.vcpu;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rekindle.vmm.GuestCode;
import dev.rekindle.vmm.kvm.Kvm;
import dev.rekindle.vmm.kvm.KvmVcpu;
import dev.rekindle.vmm.kvm.KvmVm;
import dev.rekindle.vmm.sys.Mapping;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Tag("kvm")
@Timeout(60)
class VcpuThreadIT {
  private static final GuestBus NOBODY =
      new GuestBus() {
        @Override
        public boolean read(long address, MemorySegment data) {
          return false;
        }

        @Override
        public boolean write(long address, MemorySegment data) {
          return false;
        }
      };

  private final Deque<AutoCloseable> open = new ArrayDeque<>();
  private final BlockingQueue<VcpuExit> exits = new ArrayBlockingQueue<>(4);
  private final BlockingQueue<Byte> written = new ArrayBlockingQueue<>(16);
  private final AtomicLong writes = new AtomicLong();
  private MemorySegment memory;
  private Kvm kvm;
  private KvmVcpu vcpu;
  private VcpuThread thread;

  private final GuestBus port =
      new GuestBus() {
        @Override
        public boolean read(long address, MemorySegment data) {
          return false;
        }

        @Override
        public boolean write(long address, MemorySegment data) {
          writes.incrementAndGet();
          written.offer(data.get(JAVA_BYTE, 0));
          return true;
        }
      };

  @BeforeEach
  void buildVm() {
    kvm = keep(Kvm.open());
    Mapping mapping = keep(Mapping.anonymous(1 << 20));
    memory = mapping.segment();
    KvmVm vm = keep(kvm.createVm());
    vm.setMemoryRegion(0, 0, memory);
    vm.createIrqchip();
    vcpu = keep(vm.createVcpu(0));
    thread = keep(new VcpuThread("vcpu-test-0", vcpu, port, NOBODY, exits::add));
  }

  @AfterEach
  void closeInReverse() throws Exception {
    while (!open.isEmpty()) {
      open.pop().close();
    }
  }

  private <T extends AutoCloseable> T keep(T resource) {
    open.push(resource);
    return resource;
  }

  private void start(byte[] code) {
    GuestCode.place(memory, 0x1000, code);
    thread.onThread(() -> GuestCode.startAt(vcpu, 0x1000)).join();
    thread.resume();
  }

  @Test
  void shouldHandPortWritesToTheBusWhenGuestRuns() throws Exception {
    start(GuestCode.WRITE_THEN_OUT);

    assertThat(written.poll(30, TimeUnit.SECONDS)).isEqualTo((byte) 'A');
    assertThat(memory.get(JAVA_BYTE, 0x2000)).isEqualTo((byte) 1);
  }

  @Test
  void shouldLeaveAGuestThatNeverExitsWhenPaused() {
    start(GuestCode.SPIN);

    thread.pause();

    assertThat(exits).isEmpty();
  }

  @Test
  void shouldLeaveAHaltedGuestWhenPaused() throws Exception {
    start(GuestCode.HALT);
    Thread.sleep(50);

    thread.pause();

    assertThat(exits).isEmpty();
  }

  @Test
  void shouldStopAndGoOnWhenPausedAndResumedManyTimes() throws Exception {
    start(GuestCode.OUT_FOREVER);

    for (int i = 0; i < 200; i++) {
      long before = writes.get();
      thread.pause();
      long stopped = writes.get();
      assertThat(writes.get()).isEqualTo(stopped).isGreaterThanOrEqualTo(before);
      thread.resume();
      while (writes.get() == stopped) {
        Thread.onSpinWait();
      }
    }
  }

  @Test
  void shouldContinueWhereItWasWhenStateIsReadAndLoadedAgain() throws Exception {
    start(GuestCode.OUT_FOREVER);
    while (writes.get() < 10) {
      Thread.onSpinWait();
    }
    thread.pause();
    int[] msrs = {0x10, 0x174, 0x175, 0x176, 0x277};
    VcpuState[] state = new VcpuState[1];

    thread
        .onThread(() -> {
          int[] readable = VcpuStateReader.readableMsrs(vcpu, msrs);
          state[0] = VcpuStateReader.read(vcpu, kvm.xsaveBytes(), readable);
        })
        .join();
    byte last = lastWritten();
    written.clear();
    try (Arena arena = Arena.ofShared()) {
      PreparedVcpuState prepared = new PreparedVcpuState(state[0], arena);
      thread.onThread(() -> GuestCode.startAt(vcpu, 0x9000)).join();
      thread.onThread(() -> prepared.load(vcpu)).join();
      thread.resume();

      assertThat(written.poll(30, TimeUnit.SECONDS)).isEqualTo((byte) (last + 1));
      thread.pause();
    }
  }

  private byte lastWritten() {
    return (byte) (writes.get() - 1);
  }

  @Test
  void shouldRefuseStateAccessWhenRunning() {
    start(GuestCode.SPIN);

    assertThatThrownBy(() -> thread.onThread(() -> {})).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void shouldReportTheExitWhenGuestFaultsThreeTimes() throws Exception {
    thread
        .onThread(() -> {
          // lidt of a zero-length table, then an invalid instruction: nowhere to deliver to.
          GuestCode.place(memory, 0x1000, new byte[] {0x0F, 0x01, 0x1E, 0x00, 0x30, 0x0F, 0x0B});
          GuestCode.startAt(vcpu, 0x1000);
        })
        .join();
    thread.resume();

    assertThat(exits.poll(30, TimeUnit.SECONDS)).isNotNull();
  }

  @Test
  void shouldEndItsThreadWhenClosedWhileRunning() {
    start(GuestCode.SPIN);

    thread.close();

    assertThat(Thread.getAllStackTraces().keySet())
        .noneMatch(t -> t.getName().equals("vcpu-test-0"));
  }
}
