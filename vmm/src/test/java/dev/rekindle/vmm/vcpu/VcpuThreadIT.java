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
import java.util.concurrent.CompletableFuture;
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

  /** {@code jmp 0xFFFF:0x0010}: to the first byte behind the memory; nothing can be fetched. */
  private static final byte[] JUMP_OUT_OF_MEMORY = {(byte) 0xEA, 0x10, 0x00, -1, -1};

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
    thread = keep(new VcpuThread());
    thread.attach("vcpu-test-0", vcpu, port, NOBODY, exits::add);
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
    GuestCode.startAt(vcpu, 0x1000);
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

    int[] readable = VcpuStateReader.readableMsrs(vcpu, msrs);
    VcpuState state = VcpuStateReader.read(vcpu, kvm.xsaveBytes(), readable);
    byte last = lastWritten();
    written.clear();
    try (Arena arena = Arena.ofShared()) {
      PreparedVcpuState prepared = new PreparedVcpuState(state, arena);
      GuestCode.startAt(vcpu, 0x9000);
      prepared.load(vcpu);
      thread.resume();

      assertThat(written.poll(30, TimeUnit.SECONDS)).isEqualTo((byte) (last + 1));
      thread.pause();
    }
  }

  private byte lastWritten() {
    return (byte) (writes.get() - 1);
  }

  @Test
  void shouldRefuseANewStateWhenRunning() throws Exception {
    start(GuestCode.OUT_FOREVER);
    assertThat(written.poll(30, TimeUnit.SECONDS)).isNotNull();

    assertThatThrownBy(thread::renew).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void shouldRunWorkOnItsThreadOutOfTheGuestWhenRunning() throws Exception {
    start(GuestCode.SPIN);
    CompletableFuture<String> where = new CompletableFuture<>();

    thread.whenOut(() -> {
      GuestCode.place(memory, 0x1000, GuestCode.WRITE_THEN_OUT);
      GuestCode.startAt(vcpu, 0x1000);
      thread.resume();
      where.complete(Thread.currentThread().getName());
    });

    assertThat(where.get(30, TimeUnit.SECONDS)).isEqualTo("vcpu-test-0");
    assertThat(written.poll(30, TimeUnit.SECONDS)).isEqualTo((byte) 'A');
  }

  @Test
  void shouldStayOutWhenWorkResumesNothing() throws Exception {
    start(GuestCode.OUT_FOREVER);
    CompletableFuture<Long> writesThen = new CompletableFuture<>();

    thread.whenOut(() -> writesThen.complete(writes.get()));

    long then = writesThen.get(30, TimeUnit.SECONDS);
    Thread.sleep(20);
    assertThat(writes.get()).isEqualTo(then);
  }

  @Test
  void shouldRunWhenResumeComesLongAfterItWasExpected() throws Exception {
    start(GuestCode.OUT_FOREVER);

    for (long delay : new long[] {0, 1, 5}) {
      thread.pause();
      written.clear();
      thread.expectResume();
      Thread.sleep(delay);
      thread.resume();

      assertThat(written.poll(30, TimeUnit.SECONDS)).isNotNull();
    }
  }

  @Test
  void shouldRefuseToResumeWhenEndedUntilRenewed() throws Exception {
    start(JUMP_OUT_OF_MEMORY);
    assertThat(exits.poll(30, TimeUnit.SECONDS)).isNotNull();
    thread.pause();

    assertThatThrownBy(thread::resume).isInstanceOf(IllegalStateException.class);
    thread.renew();
    thread.resume();
  }

  @Test
  void shouldReportTheExitWhenGuestRunsWhereNothingIs() throws Exception {
    start(JUMP_OUT_OF_MEMORY);

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
