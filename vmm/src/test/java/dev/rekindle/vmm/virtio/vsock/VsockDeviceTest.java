package dev.rekindle.vmm.virtio.vsock;

import static dev.rekindle.vmm.abi.virtio.VirtioVsock.*;
import static org.assertj.core.api.Assertions.assertThat;

import dev.rekindle.vmm.abi.virtio.Virtio;
import dev.rekindle.vmm.abi.virtio.VirtioMmio;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Connections: how they begin and end, and what a guest may not do. */
class VsockDeviceTest {
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
  void shouldShowTheGuestItsAddress() {
    assertThat(guest.driver.read(VirtioMmio.CONFIG)).isEqualTo(3);
    assertThat(guest.driver.read(VirtioMmio.CONFIG + 4)).isZero();
  }

  @Test
  void shouldConnectWhenTheGuestAccepts() {
    guest.start(0).offer(4);

    VsockConnection c = guest.device.connect(AGENT, listener);
    VsockGuest.Received request = guest.receive().getFirst();
    guest.send(AGENT, c.hostPort(), OP_RESPONSE);
    guest.settle();

    assertThat(request.op()).isEqualTo(OP_REQUEST);
    assertThat(request.header().guestPort()).isEqualTo(AGENT);
    assertThat(request.header().guestCid()).isEqualTo(VsockGuest.CID);
    assertThat(request.header().hostCid()).isEqualTo(HOST_CID);
    assertThat(request.header().bufAlloc()).isEqualTo(VsockConnection.RECEIVE_BYTES);
    assertThat(listener.events).containsExactly("connected");
  }

  @Test
  void shouldEndWithResetWhenNobodyListensInTheGuest() {
    guest.start(0).offer(4);

    VsockConnection c = guest.device.connect(AGENT, listener);
    guest.settle();
    guest.send(AGENT, c.hostPort(), OP_RST);
    guest.settle();

    assertThat(listener.events).containsExactly("RESET");
  }

  @Test
  void shouldWaitWithTheRequestUntilTheDriverRuns() {
    guest.device.connect(AGENT, listener);
    guest.settle();

    guest.start(0).offer(1);

    assertThat(guest.ops()).containsExactly(OP_REQUEST);
  }

  @Test
  void shouldResetWhatItDoesNotKnow() {
    guest.start(0).offer(8);

    guest.send(7, 7, OP_RW, 0, new byte[1]);
    guest.send(7, 7, OP_SHUTDOWN, 3, new byte[0]);
    guest.send(7, 7, OP_REQUEST);
    guest.send(7, 7, OP_RST);
    guest.send(VsockGuest.CID, 7, 99, 7, 1, OP_REQUEST, 0, new byte[0]);
    guest.send(VsockGuest.CID, 7, HOST_CID, 7, 2, OP_REQUEST, 0, new byte[0]);

    List<VsockGuest.Received> got = guest.receive();
    assertThat(got.stream().map(VsockGuest.Received::op))
        .containsExactly(OP_RST, OP_RST, OP_RST, OP_RST, OP_RST);
    assertThat(got.get(3).header().hostCid()).isEqualTo(99);
    assertThat(got.get(4).header().type()).isEqualTo(2);
  }

  @Test
  void shouldAcceptConnectionsOfTheGuest() {
    AtomicReference<VsockConnection> accepted = new AtomicReference<>();
    guest.device.listen(
        5000,
        c -> {
          accepted.set(c);
          return listener;
        });
    guest.start(0).offer(8);

    guest.send(40_000, 5000, OP_REQUEST);
    List<Integer> answer = guest.ops();
    guest.send(40_000, 5000, OP_RW, 0, "hello".getBytes());
    accepted.get().send("world".getBytes());

    assertThat(answer).containsExactly(OP_RESPONSE);
    assertThat(guest.receive().getFirst().data()).isEqualTo("world".getBytes());
    assertThat(listener.received()).isEqualTo("hello".getBytes());
  }

  @Test
  void shouldRefuseWhenTheAcceptorDoesOrFails() {
    guest.device.listen(5000, c -> null);
    guest.device.listen(
        5001,
        c -> {
          throw new IllegalStateException("a bug in an acceptor");
        });
    guest.start(0).offer(8);

    guest.send(1, 5000, OP_REQUEST);
    guest.send(2, 5001, OP_REQUEST);

    assertThat(guest.ops()).containsExactly(OP_RST, OP_RST);
  }

  @Test
  void shouldResetAtOnceWhenClosed() {
    VsockConnection c = connected();

    c.close();
    c.close();
    c.send(new byte[10]);

    assertThat(guest.ops()).containsExactly(OP_RST);
    assertThat(listener.events).containsExactly("connected", "CLOSED");
  }

  @Test
  void shouldSayNothingToTheGuestWhenClosedBeforeTheRequestWasSent() {
    guest.start(0);
    guest.device.connect(AGENT, listener).close();

    guest.offer(4);

    assertThat(guest.receive()).isEmpty();
    assertThat(listener.events).containsExactly("CLOSED");
  }

  @Test
  void shouldEndEverythingWhenTheDriverResets() {
    connected();
    guest.device.listen(5000, c -> listener);

    guest.driver.write(VirtioMmio.STATUS, 0);
    guest.settle();

    assertThat(listener.events).containsExactly("connected", "DEVICE_RESET");
  }

  @Test
  void shouldHoldRequestsUntilTheGuestHasHandledTheTransportReset() {
    guest.start(Virtio.F_EVENT_IDX).offer(4);

    guest.device.sendTransportReset();
    guest.device.connect(AGENT, listener);

    assertThat(guest.event()).isEqualTo(4);
    assertThat(guest.receive()).isEmpty();
    assertThat(guest.driver.queue(VsockDevice.EVENT).availEvent())
        .as("the device wants to hear of the buffer given back")
        .isEqualTo(guest.driver.queue(VsockDevice.EVENT).availIndex());
    guest.driver.queue(VsockDevice.EVENT).add(guest.driver.writable(4));
    guest.driver.queue(VsockDevice.EVENT).kick();
    assertThat(guest.ops()).containsExactly(OP_REQUEST);
  }

  @Test
  void shouldSendTheTransportResetWhenResumedIfItWasPaused() {
    guest.start(0).offer(4);
    guest.driver.transport.pause();

    guest.device.sendTransportReset();
    assertThat(guest.event()).isEqualTo(-1);
    guest.driver.transport.resume();

    assertThat(guest.event()).isEqualTo(4);
  }

  @Test
  void shouldStopListeningToAGuestThatTakesNoResets() {
    guest.start(0);

    for (int i = 0; i < VsockDevice.MAX_CONTROL + 50; i++) {
      guest.send(i, 1, OP_RW, 0, new byte[1]);
      guest.driver.queue(VsockDevice.TX).poll();
    }

    assertThat(guest.driver.needsReset()).isFalse();
    int resets = 0;
    for (int i = 0; i < 100; i++) {
      guest.offer(8);
      resets += guest.receive().size();
    }
    assertThat(resets).isEqualTo(VsockDevice.MAX_CONTROL + 50);
  }

  @Test
  void shouldRefuseMoreConnectionsThanItKeeps() {
    guest.device.listen(5000, c -> new RecordingListener());
    guest.start(0);
    int refused = 0;

    for (int i = 0; i < VsockDevice.MAX_CONNECTIONS + 10; i++) {
      guest.offer(1);
      guest.send(i + 1, 5000, OP_REQUEST);
      refused += (int) guest.ops().stream().filter(op -> op == OP_RST).count();
    }

    assertThat(refused).isEqualTo(10);
  }

  @Test
  void shouldStartAnewWhenTheGuestReusesItsPort() {
    guest.device.listen(5000, c -> listener);
    guest.start(0).offer(8);
    guest.send(1, 5000, OP_REQUEST);
    guest.settle();

    guest.send(1, 5000, OP_REQUEST);

    assertThat(guest.ops()).containsExactly(OP_RESPONSE, OP_RESPONSE);
    assertThat(listener.events).containsExactly("RESET");
  }

  @Test
  void shouldNeedAResetWhenAPacketIsShorterThanItSays() {
    guest.start(0).offer(1);
    byte[] packet = new byte[HEADER_BYTES];
    packet[24] = 100;

    guest.raw(packet);

    assertThat(guest.driver.needsReset()).isTrue();
  }

  @Test
  void shouldGoOnWhenAListenerFails() {
    guest.start(0).offer(8);
    VsockConnection bad =
        guest.device.connect(
            AGENT,
            new VsockListener() {
              @Override
              public void onData(byte[] data) {
                throw new IllegalStateException("a bug in a listener");
              }

              @Override
              public void onClosed(VsockCloseReason reason) {
                // Not of interest.
              }
            });
    guest.establish(bad);

    guest.send(AGENT, bad.hostPort(), OP_RW, 0, new byte[1]);
    guest.send(AGENT, bad.hostPort(), OP_RW, 0, new byte[1]);
    bad.send("still here".getBytes());

    assertThat(guest.receive().getFirst().data()).isEqualTo("still here".getBytes());
    assertThat(guest.driver.needsReset()).isFalse();
  }
}
