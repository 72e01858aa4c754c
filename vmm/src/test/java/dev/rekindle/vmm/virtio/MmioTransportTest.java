package dev.rekindle.vmm.virtio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rekindle.vmm.abi.virtio.Virtio;
import dev.rekindle.vmm.abi.virtio.VirtioMmio;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class MmioTransportTest {
  private final EchoDevice device = new EchoDevice();
  private final GuestDriver driver = new GuestDriver(device);

  @AfterEach
  void close() {
    driver.close();
  }

  private GuestDriver.Part echo(byte[] data) {
    GuestDriver.Part out = driver.writable(data.length);
    driver.queue(0).add(driver.readable(data), out);
    return out;
  }

  @Test
  void shouldIdentifyItself() {
    assertThat(driver.read(VirtioMmio.MAGIC_VALUE)).isEqualTo(0x74726976);
    assertThat(driver.read(VirtioMmio.VERSION)).isEqualTo(2);
    assertThat(driver.read(VirtioMmio.DEVICE_ID)).isEqualTo(42);
    assertThat(driver.read(VirtioMmio.CONFIG)).isEqualTo(0x04030201);
    assertThat(driver.read(VirtioMmio.SHM_LEN_LOW)).isEqualTo(-1);
  }

  @Test
  void shouldOfferTheDevicesFeaturesAndThoseOfRings() {
    assertThat(driver.offeredFeatures())
        .isEqualTo(
            EchoDevice.FEATURE | Virtio.F_VERSION_1 | Virtio.F_INDIRECT_DESC | Virtio.F_EVENT_IDX);
  }

  @Test
  void shouldRefuseFeaturesItDidNotOffer() {
    driver.acceptFeatures(Virtio.F_VERSION_1 | 1L << 5);

    assertThat(driver.status() & Virtio.STATUS_FEATURES_OK).isZero();
  }

  @Test
  void shouldRefuseALegacyDriver() {
    driver.acceptFeatures(EchoDevice.FEATURE);
    driver.driverOk();

    assertThat(driver.status() & (Virtio.STATUS_FEATURES_OK | Virtio.STATUS_DRIVER_OK)).isZero();
  }

  @Test
  void shouldShowQueueSizesAndNoneForQueuesThatAreNot() {
    driver.write(VirtioMmio.QUEUE_SEL, 1);
    assertThat(driver.read(VirtioMmio.QUEUE_NUM_MAX)).isEqualTo(4);
    driver.write(VirtioMmio.QUEUE_SEL, 2);
    assertThat(driver.read(VirtioMmio.QUEUE_NUM_MAX)).isZero();
    driver.write(VirtioMmio.QUEUE_SEL, -1);
    assertThat(driver.read(VirtioMmio.QUEUE_NUM_MAX)).isZero();
  }

  @Test
  void shouldServeARequestAndInterrupt() {
    driver.start(0, 16, 4);
    GuestDriver.Part out = echo("hello".getBytes());

    driver.queue(0).kick();

    assertThat(driver.queue(0).poll()).isEqualTo(new GuestDriver.Used(0, 5));
    assertThat(driver.contents(out)).isEqualTo("hello".getBytes());
    assertThat(driver.interrupts).hasValue(1);
    assertThat(driver.read(VirtioMmio.INTERRUPT_STATUS)).isEqualTo(VirtioMmio.INT_VRING);
    driver.write(VirtioMmio.INTERRUPT_ACK, VirtioMmio.INT_VRING);
    assertThat(driver.read(VirtioMmio.INTERRUPT_STATUS)).isZero();
  }

  @Test
  void shouldNotInterruptADriverThatWantsNone() {
    driver.start(0, 16);
    driver.queue(0).interruptsOff();
    echo(new byte[1]);

    driver.queue(0).kick();

    assertThat(driver.queue(0).poll()).isNotNull();
    assertThat(driver.interrupts).hasValue(0);
  }

  @Test
  void shouldNotInterruptForNothing() {
    driver.start(0, 16);

    driver.queue(0).kick();

    assertThat(driver.interrupts).hasValue(0);
  }

  @Test
  void shouldInterruptOnlyAtTheEventIndex() {
    driver.start(Virtio.F_EVENT_IDX, 16);

    echo(new byte[1]);
    driver.queue(0).kick();
    assertThat(driver.interrupts).as("event index 0, used index becomes 1").hasValue(1);
    echo(new byte[1]);
    driver.queue(0).kick();
    assertThat(driver.interrupts).as("the driver has not looked").hasValue(1);
    driver.queue(0).poll();
    driver.queue(0).poll();
    echo(new byte[1]);
    driver.queue(0).kick();

    assertThat(driver.interrupts).hasValue(2);
    assertThat(driver.queue(0).availEvent()).isEqualTo((short) 3);
  }

  @Test
  void shouldWrapItsIndexesManyTimes() {
    driver.start(Virtio.F_EVENT_IDX, 16);
    GuestDriver.Part in = driver.readable(new byte[] {1, 2, 3});
    GuestDriver.Part out = driver.writable(3);

    for (int i = 0; i < 70_000; i++) {
      driver.queue(0).add(in, out);
      driver.queue(0).kick();
      assertThat(driver.queue(0).poll()).isNotNull();
    }

    assertThat(driver.interrupts).hasValue(70_000);
    assertThat(driver.needsReset()).isFalse();
  }

  @Test
  void shouldFollowIndirectTables() {
    driver.start(Virtio.F_INDIRECT_DESC, 4);
    GuestDriver.Part[] parts = new GuestDriver.Part[16];
    for (int i = 0; i < 16; i++) {
      parts[i] = i < 8 ? driver.readable(new byte[] {(byte) i}) : driver.writable(1);
    }
    driver.queue(0).addIndirect(parts);

    driver.queue(0).kick();

    assertThat(driver.queue(0).poll()).isEqualTo(new GuestDriver.Used(0, 8));
    assertThat(driver.contents(parts[15])).containsExactly(7);
  }

  @Test
  void shouldGoOnLaterWhenADeviceHasDoneEnough() {
    Deque<Runnable> later = new ArrayDeque<>();
    device.requestsAtOnce = 2;
    try (GuestDriver slow = new GuestDriver(device, later::add)) {
      slow.start(0, 16);
      for (int i = 0; i < 5; i++) {
        slow.queue(0).add(slow.readable(new byte[1]), slow.writable(1));
      }
      slow.queue(0).kick();
      assertThat(slow.memory.getShort(slow.queue(0).used + 2)).isEqualTo((short) 2);
      while (!later.isEmpty()) {
        later.poll().run();
      }
      assertThat(slow.memory.getShort(slow.queue(0).used + 2)).isEqualTo((short) 5);
    }
  }

  private void shouldNeedAReset() {
    driver.queue(0).kick();
    assertThat(driver.needsReset()).isTrue();
    assertThat(driver.read(VirtioMmio.INTERRUPT_STATUS) & VirtioMmio.INT_CONFIG).isNotZero();
    driver.queue(0).kick();
    driver.write(VirtioMmio.STATUS, driver.status() | Virtio.STATUS_DRIVER_OK);
    assertThat(driver.needsReset()).as("only a reset helps").isTrue();
    driver.write(VirtioMmio.STATUS, 0);
    assertThat(driver.status()).isZero();
  }

  @Test
  void shouldNeedAResetForALoop() {
    driver.start(0, 16);
    driver.queue(0).descriptor(0, 0x1000, 1, Virtio.DESC_F_NEXT, 1);
    driver.queue(0).descriptor(1, 0x1000, 1, Virtio.DESC_F_NEXT, 0);
    driver.queue(0).publish(0);
    shouldNeedAReset();
  }

  @Test
  void shouldNeedAResetForADescriptorThatIsNone() {
    driver.start(0, 16);
    driver.queue(0).publish(16);
    shouldNeedAReset();
  }

  @Test
  void shouldNeedAResetForANextThatIsNone() {
    driver.start(0, 16);
    driver.queue(0).descriptor(0, 0x1000, 1, Virtio.DESC_F_NEXT, 0xFFFF);
    driver.queue(0).publish(0);
    shouldNeedAReset();
  }

  @Test
  void shouldNeedAResetForMemoryThatIsNone() {
    driver.start(0, 16);
    driver.queue(0).descriptor(0, -8, 16, 0, 0);
    driver.queue(0).publish(0);
    shouldNeedAReset();
  }

  @Test
  void shouldNeedAResetForAHugeLength() {
    driver.start(0, 16);
    driver.queue(0).descriptor(0, 0x1000, -1, Virtio.DESC_F_WRITE, 0);
    driver.queue(0).publish(0);
    shouldNeedAReset();
  }

  @Test
  void shouldNeedAResetForReadableBehindWritable() {
    driver.start(0, 16);
    driver.queue(0).add(driver.writable(1), driver.readable(new byte[1]));
    shouldNeedAReset();
  }

  @Test
  void shouldNeedAResetForAnIndirectTableNotAgreedOn() {
    driver.start(0, 16);
    driver.queue(0).addIndirect(driver.writable(1));
    shouldNeedAReset();
  }

  @Test
  void shouldNeedAResetForAnIndirectTableInAnIndirectTable() {
    driver.start(Virtio.F_INDIRECT_DESC, 16);
    long table = driver.allocate(16);
    driver.queue(0).descriptorAt(table, 0, table, 16, Virtio.DESC_F_INDIRECT, 0);
    driver.queue(0).descriptor(0, table, 16, Virtio.DESC_F_INDIRECT, 0);
    driver.queue(0).publish(0);
    shouldNeedAReset();
  }

  @Test
  void shouldNeedAResetForAnIndirectTableOfNoWholeDescriptors() {
    driver.start(Virtio.F_INDIRECT_DESC, 16);
    driver.queue(0).descriptor(0, 0x1000, 24, Virtio.DESC_F_INDIRECT, 0);
    driver.queue(0).publish(0);
    shouldNeedAReset();
  }

  @Test
  void shouldNeedAResetForAChainLongerThanAnyQueue() {
    driver.start(Virtio.F_INDIRECT_DESC, 16);
    GuestDriver.Part[] parts = new GuestDriver.Part[17];
    java.util.Arrays.setAll(parts, i -> driver.writable(1));
    driver.queue(0).addIndirect(parts);
    shouldNeedAReset();
  }

  @Test
  void shouldNeedAResetForAnAvailableIndexThatJumps() {
    driver.start(0, 16);
    driver.memory.putShort(driver.queue(0).avail + 2, (short) 17);
    shouldNeedAReset();
  }

  @Test
  void shouldNeedAResetForAQueueThatCannotBe() {
    for (int size : new int[] {0, 3, 32, -1, 1 << 30}) {
      driver.write(VirtioMmio.STATUS, 0);
      driver.acceptFeatures(Virtio.F_VERSION_1);
      driver.write(VirtioMmio.QUEUE_SEL, 0);
      driver.write(VirtioMmio.QUEUE_NUM, size);
      driver.write(VirtioMmio.QUEUE_READY, 1);
      assertThat(driver.needsReset()).as("size " + size).isTrue();
      assertThat(driver.read(VirtioMmio.QUEUE_READY)).isZero();
    }
    for (int address : new int[] {8, -16, GuestDriver.MEMORY_BYTES - 16}) {
      driver.write(VirtioMmio.STATUS, 0);
      driver.acceptFeatures(Virtio.F_VERSION_1);
      driver.write(VirtioMmio.QUEUE_NUM, 16);
      driver.write(VirtioMmio.QUEUE_DESC_LOW, address);
      driver.write(VirtioMmio.QUEUE_READY, 1);
      assertThat(driver.needsReset()).as("address " + address).isTrue();
    }
  }

  @Test
  void shouldLeaveALiveQueueWhereItIs() {
    driver.start(0, 16);

    driver.write(VirtioMmio.QUEUE_SEL, 0);
    driver.write(VirtioMmio.QUEUE_NUM, 4);
    driver.write(VirtioMmio.QUEUE_DESC_LOW, 0x7000);
    driver.write(VirtioMmio.QUEUE_READY, 1);
    echo(new byte[1]);
    driver.queue(0).kick();

    assertThat(driver.queue(0).poll()).isNotNull();
    assertThat(driver.transport.capture().queues().getFirst().size()).isEqualTo(16);
  }

  @Test
  void shouldStartAnewAfterAReset() {
    driver.start(Virtio.F_EVENT_IDX, 16);
    echo(new byte[1]);
    driver.queue(0).kick();

    driver.write(VirtioMmio.STATUS, 0);

    assertThat(driver.read(VirtioMmio.INTERRUPT_STATUS)).isZero();
    QueueState queue = driver.transport.capture().queues().getFirst();
    assertThat(queue).isEqualTo(QueueState.RESET);
    driver.queue(0).kick();
    assertThat(driver.interrupts).hasValue(1);
  }

  @Test
  void shouldIgnoreAccessesThatAreNoRegisters() {
    driver.start(0, 16);

    for (int bytes : new int[] {1, 2, 8}) {
      driver.transport.write(VirtioMmio.STATUS, MemorySegment.ofArray(new byte[bytes]));
    }
    driver.write(0xF00, 7);
    driver.write(VirtioMmio.QUEUE_NOTIFY, 99);
    driver.write(VirtioMmio.QUEUE_NOTIFY, -1);

    assertThat(driver.status() & Virtio.STATUS_DRIVER_OK).isNotZero();
    assertThat(driver.needsReset()).isFalse();
  }

  @Test
  void shouldTouchNothingWhilePausedAndCatchUpWhenResumed() {
    driver.start(0, 16);
    driver.transport.pause();
    echo(new byte[3]);

    driver.queue(0).kick();
    assertThat(driver.queue(0).poll()).isNull();
    driver.transport.resume();

    assertThat(driver.queue(0).poll()).isNotNull();
  }

  @Test
  void shouldGoOnInAnotherTransportFromACapturedState() {
    driver.start(Virtio.F_EVENT_IDX | Virtio.F_INDIRECT_DESC, 16, 4);
    echo(new byte[5]);
    driver.queue(0).kick();
    device.state = new byte[] {9};
    driver.write(VirtioMmio.QUEUE_SEL, 1);
    driver.write(VirtioMmio.DEVICE_FEATURES_SEL, 1);
    driver.transport.pause();
    DeviceState state = DeviceState.decode(driver.transport.capture().encode());

    EchoDevice other = new EchoDevice();
    try (GuestDriver clone = new GuestDriver(other)) {
      clone
          .memory
          .slice(0, GuestDriver.MEMORY_BYTES)
          .copyFrom(driver.memory.slice(0, GuestDriver.MEMORY_BYTES));
      clone.transport.pause();
      clone.transport.restore(state);
      clone.transport.resume();

      assertThat(other.state).containsExactly(9);
      assertThat(clone.read(VirtioMmio.DEVICE_FEATURES))
          .as("the half selected before")
          .isEqualTo((int) (Virtio.F_VERSION_1 >>> 32));
      assertThat(clone.transport.capture()).isEqualTo(state);
      assertThat(clone.interrupts).as("the one not acknowledged").hasValue(1);
      clone.adopt(driver);
      clone.queue(0).poll();
      clone.queue(0).add(clone.readable(new byte[2]), clone.writable(2));
      clone.queue(0).kick();
      assertThat(clone.queue(0).poll()).isEqualTo(new GuestDriver.Used(2, 2));
      assertThat(clone.interrupts).hasValue(2);
    }
  }

  @Test
  void shouldRefuseAStateThatDoesNotFitAndBeReset() {
    driver.start(0, 16, 4);
    DeviceState good = driver.transport.capture();
    QueueState q = good.queues().getFirst();
    QueueState outside =
        new QueueState(16, true, 1L << 40, q.availGpa(), q.usedGpa(), (short) 0, (short) 0);
    QueueState odd =
        new QueueState(5, true, q.descGpa(), q.availGpa(), q.usedGpa(), (short) 0, (short) 0);
    QueueState last = good.queues().get(1);
    List<DeviceState> bad =
        List.of(
            new DeviceState(
                2, 15, 1L << 32, 0, DeviceState.Selectors.NONE, good.queues(), new byte[0]),
            new DeviceState(
                42, 15, 1L << 32, 0, DeviceState.Selectors.NONE, List.of(q), new byte[0]),
            new DeviceState(
                42,
                15,
                1L << 32 | 1L << 50,
                0,
                DeviceState.Selectors.NONE,
                good.queues(),
                new byte[0]),
            new DeviceState(42, 15, 0, 0, DeviceState.Selectors.NONE, good.queues(), new byte[0]),
            new DeviceState(
                42, 7, 1L << 32, 0, DeviceState.Selectors.NONE, good.queues(), new byte[0]),
            new DeviceState(
                42, 0x10F, 1L << 32, 0, DeviceState.Selectors.NONE, good.queues(), new byte[0]),
            new DeviceState(
                42, 15, 1L << 32, 4, DeviceState.Selectors.NONE, good.queues(), new byte[0]),
            new DeviceState(
                42,
                15,
                1L << 32,
                0,
                DeviceState.Selectors.NONE,
                List.of(outside, last),
                new byte[0]),
            new DeviceState(
                42, 15, 1L << 32, 0, DeviceState.Selectors.NONE, List.of(odd, last), new byte[0]),
            new DeviceState(
                42, 15, 1L << 32, 0, DeviceState.Selectors.NONE, good.queues(), new byte[9]));

    for (DeviceState state : bad) {
      assertThatThrownBy(() -> driver.transport.restore(state))
          .as(state.toString())
          .isInstanceOf(IllegalArgumentException.class);
      assertThat(driver.status()).isZero();
    }
    driver.transport.restore(good);
    assertThat(driver.status()).isEqualTo(15);
  }
}
