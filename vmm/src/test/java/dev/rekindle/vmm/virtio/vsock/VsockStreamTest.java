package dev.rekindle.vmm.virtio.vsock;

import static dev.rekindle.vmm.abi.virtio.VirtioVsock.*;
import static org.assertj.core.api.Assertions.assertThat;

import dev.rekindle.vmm.abi.virtio.Virtio;
import java.io.ByteArrayOutputStream;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What goes over connections: data, credit, order, ends of streams. */
class VsockStreamTest {
  private static final int AGENT = 1024;

  private final VsockGuest guest = new VsockGuest();
  private final RecordingListener listener = new RecordingListener();

  @AfterEach
  void close() {
    guest.close();
  }

  private VsockConnection connected() {
    guest.start(0).offer(8);
    VsockConnection c = guest.device.connect(AGENT, listener);
    guest.establish(c);
    return c;
  }

  @Test
  void shouldCarryDataBothWays() {
    VsockConnection c = connected();

    c.send("ping".getBytes());
    List<VsockGuest.Received> got = guest.receive();
    guest.send(AGENT, c.hostPort(), OP_RW, 0, "pong".getBytes());
    guest.settle();

    assertThat(got).hasSize(1);
    assertThat(got.getFirst().op()).isEqualTo(OP_RW);
    assertThat(got.getFirst().data()).isEqualTo("ping".getBytes());
    assertThat(listener.received()).isEqualTo("pong".getBytes());
  }

  @Test
  void shouldSendOnlyAsMuchAsTheGuestGrants() {
    guest.bufAlloc = 1000;
    VsockConnection c = connected();

    c.send(new byte[2500]);
    List<VsockGuest.Received> first = guest.receive();
    guest.fwdCnt = 1000;
    guest.send(AGENT, c.hostPort(), OP_CREDIT_UPDATE);
    List<VsockGuest.Received> second = guest.receive();

    assertThat(first.getFirst().data()).hasSize(1000);
    assertThat(first.stream().map(VsockGuest.Received::op))
        .containsExactly(OP_RW, OP_CREDIT_REQUEST);
    assertThat(second.getFirst().data()).hasSize(1000);
    assertThat(c.queuedBytes()).isEqualTo(500);
  }

  @Test
  void shouldKeepDataUntilTheGuestOffersBuffers() {
    guest.start(0).offer(1);
    VsockConnection c = guest.device.connect(AGENT, listener);
    guest.establish(c);

    c.send(new byte[10_000]);
    assertThat(guest.receive()).isEmpty();
    guest.offer(8);

    assertThat(guest.receive().stream().mapToInt(r -> r.data().length).sum()).isEqualTo(10_000);
    assertThat(c.queuedBytes()).isZero();
  }

  @Test
  void shouldTellWhenTheQueueIsDrained() {
    VsockConnection c = connected();
    AtomicInteger drained = new AtomicInteger();
    c.onDrained(drained::incrementAndGet);
    guest.settle();

    c.send(new byte[100]);
    guest.settle();

    assertThat(drained).hasValue(2);
  }

  @Test
  void shouldGrantCreditBeforeHalfOfItIsGone() {
    VsockConnection c = connected();

    for (int i = 0; i < 3; i++) {
      guest.send(AGENT, c.hostPort(), OP_RW, 0, new byte[60_000]);
    }
    List<VsockGuest.Received> got = guest.receive();

    assertThat(got.getLast().op()).isEqualTo(OP_CREDIT_UPDATE);
    assertThat(got.getLast().header().fwdCnt()).isGreaterThanOrEqualTo(120_000);
  }

  @Test
  void shouldAnswerACreditRequest() {
    VsockConnection c = connected();
    guest.send(AGENT, c.hostPort(), OP_RW, 0, new byte[10]);
    guest.settle();

    guest.send(AGENT, c.hostPort(), OP_CREDIT_REQUEST);

    List<VsockGuest.Received> got = guest.receive();
    assertThat(got.getLast().op()).isEqualTo(OP_CREDIT_UPDATE);
    assertThat(got.getLast().header().fwdCnt()).isEqualTo(10);
  }

  @Test
  void shouldWithholdCreditWhilePausedAndDeliverInOrderAfterwards() {
    VsockConnection c = connected();
    c.pauseReading();

    for (int i = 0; i < 4; i++) {
      byte[] data = new byte[60_000];
      data[0] = (byte) i;
      guest.send(AGENT, c.hostPort(), OP_RW, 0, data);
    }
    assertThat(guest.receive()).isEmpty();
    assertThat(listener.received()).isEmpty();
    c.resumeReading();

    assertThat(guest.ops()).contains(OP_CREDIT_UPDATE);
    assertThat(listener.received()).hasSize(240_000);
    assertThat(listener.received()[180_000]).isEqualTo((byte) 3);
  }

  @Test
  void shouldResetAGuestThatSendsMoreThanItWasGranted() {
    VsockConnection c = connected();
    c.pauseReading();

    for (int i = 0; i < 5; i++) {
      guest.send(AGENT, c.hostPort(), OP_RW, 0, new byte[60_000]);
    }

    assertThat(guest.ops()).containsExactly(OP_RST);
    assertThat(listener.events).containsExactly("connected", "PROTOCOL_ERROR");
    assertThat(guest.driver.needsReset()).isFalse();
  }

  @Test
  void shouldSendTheEndOfTheStreamBehindTheData() {
    VsockConnection c = connected();

    c.send(new byte[5000]);
    c.shutdownSend();
    c.send(new byte[1]);

    List<VsockGuest.Received> got = guest.receive();
    assertThat(got.stream().map(VsockGuest.Received::op))
        .containsExactly(OP_RW, OP_RW, OP_SHUTDOWN);
    assertThat(got.getLast().header().flags()).isEqualTo(SHUTDOWN_SEND);
  }

  @Test
  void shouldStillSendAfterTheGuestHasShutDownItsSide() {
    VsockConnection c = connected();

    guest.send(AGENT, c.hostPort(), OP_SHUTDOWN, SHUTDOWN_SEND, new byte[0]);
    guest.settle();
    c.send(new byte[3]);

    assertThat(guest.ops()).containsExactly(OP_RW);
    assertThat(listener.events).containsExactly("connected", "shutdown");
  }

  @Test
  void shouldDeliverEverythingBeforeTheEndWhenTheGuestCloses() {
    VsockConnection c = connected();
    c.pauseReading();
    guest.send(AGENT, c.hostPort(), OP_RW, 0, "last words".getBytes());
    guest.send(AGENT, c.hostPort(), OP_SHUTDOWN, 3, new byte[0]);

    assertThat(guest.ops()).as("the guest need not wait").containsExactly(OP_RST);
    assertThat(listener.events).containsExactly("connected");
    c.resumeReading();
    guest.settle();

    assertThat(listener.received()).isEqualTo("last words".getBytes());
    assertThat(listener.events).containsExactly("connected", "shutdown", "PEER_CLOSED");
  }

  @Test
  void shouldKeepWhatIsSentWhilePaused() {
    VsockConnection c = connected();
    guest.driver.transport.pause();

    c.send("later".getBytes());
    assertThat(guest.receive()).isEmpty();
    guest.driver.transport.resume();

    assertThat(guest.receive().getFirst().data()).isEqualTo("later".getBytes());
  }

  @Test
  void shouldTakeTurnsAmongConnections() {
    guest.start(0).offer(16);
    VsockConnection a = guest.device.connect(1, listener);
    guest.establish(a);
    VsockConnection b = guest.device.connect(2, listener);
    guest.establish(b);
    guest.receive();

    guest.driver.transport.pause();
    a.send(new byte[20_000]);
    b.send(new byte[20_000]);
    guest.driver.transport.resume();

    List<Integer> ports =
        guest.receive().stream().map(r -> r.header().guestPort()).limit(6).toList();
    assertThat(ports).containsExactly(1, 2, 1, 2, 1, 2);
  }

  @Test
  void shouldCarryAStreamUnharmedThroughScarceBuffersAndCredit() {
    Random random = new Random(7);
    guest.bufAlloc = 3000;
    guest.start(Virtio.F_EVENT_IDX).offer(3);
    VsockConnection c = guest.device.connect(AGENT, listener);
    guest.establish(c);
    ByteArrayOutputStream sent = new ByteArrayOutputStream();
    ByteArrayOutputStream got = new ByteArrayOutputStream();

    for (int i = 0; i < 300 || c.queuedBytes() > 0; i++) {
      if (i < 300) {
        byte[] data = new byte[random.nextInt(3000)];
        random.nextBytes(data);
        sent.writeBytes(data);
        c.send(data);
      }
      int before = got.size();
      int used = 0;
      for (VsockGuest.Received r : guest.receive()) {
        got.writeBytes(r.data());
        used++;
      }
      guest.fwdCnt += got.size() - before;
      guest.offer(used);
      guest.send(AGENT, c.hostPort(), OP_CREDIT_UPDATE);
      guest.driver.queue(VsockDevice.TX).poll();
    }
    guest.receive().forEach(r -> got.writeBytes(r.data()));

    assertThat(got.toByteArray()).isEqualTo(sent.toByteArray());
  }
}
