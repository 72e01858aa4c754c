package dev.rekindle.snapshotter.agent;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rekindle.snapshotter.host.protocol.HostException;
import dev.rekindle.snapshotter.host.protocol.HostReply;
import dev.rekindle.snapshotter.host.protocol.HostRequest;
import dev.rekindle.snapshotter.host.protocol.StreamKind;
import dev.rekindle.vmm.virtio.vsock.VsockCloseReason;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class VsockGuestAgentTest {
  private static final Duration LONG = Duration.ofSeconds(10);
  private static final byte[] HELLO_OK = {1, 0, 0, 0, 3, 0, '1', '.', '0'};
  private static final CloneIdentity IDENTITY =
      CloneIdentity.fresh(new CloneNames("host", "0".repeat(32), "lease"), new byte[16]);

  private static final int IDENTITY_BYTES = 5 + 64 + 8 + 16 + 2 + 4 + 2 + 32 + 2 + 5;

  private final FakeGuest guest = new FakeGuest();
  private final VsockGuestAgent agent = new VsockGuestAgent(guest);
  private final RecordingObserver observer = new RecordingObserver();

  @AfterEach
  void stop() {
    guest.close();
  }

  @Test
  void shouldSayHello() throws Exception {
    CompletableFuture<Void> hello = agent.hello(LONG);

    guest.link(0).reply(0x81, HELLO_OK);

    hello.get(5, TimeUnit.SECONDS);
    assertThat(sent(0)).containsExactly(4, 0, 0, 0, 1, 1, 0, 0, 0);
  }

  @Test
  void shouldReachTheAgentWithoutAWordAndCallOnThatConnection() throws Exception {
    guest.refuse(2);
    CompletableFuture<Void> reached = agent.reach(LONG);
    FakeGuest.Link link = guest.link(0);
    guest.onLoop(link.listener::onConnected);
    reached.get(5, TimeUnit.SECONDS);
    assertThat(sent(0)).isEmpty();
    agent.reach(LONG).get(5, TimeUnit.SECONDS);

    CompletableFuture<Void> identity = agent.identity(IDENTITY, LONG);
    link.reply(0x82, new byte[8]);

    identity.get(5, TimeUnit.SECONDS);
    assertThat(guest.links).hasSize(1);
  }

  @Test
  void shouldCallAgainOnTheSameConnection() throws Exception {
    CompletableFuture<Void> hello = agent.hello(LONG);
    guest.link(0).reply(0x81, HELLO_OK);
    hello.get(5, TimeUnit.SECONDS);

    CompletableFuture<Void> identity = agent.identity(IDENTITY, LONG);
    assertThat(sent(0)).hasSize(9 + IDENTITY_BYTES);
    guest.link(0).reply(0x82, new byte[8]);

    identity.get(5, TimeUnit.SECONDS);
    assertThat(guest.links).hasSize(1);
    agent.hangUp();
    awaitClosed(guest.link(0));
  }

  @Test
  void shouldCallOnAnotherConnectionWhenTheOldOneIsGone() throws Exception {
    CompletableFuture<Void> hello = agent.hello(LONG);
    FakeGuest.Link first = guest.link(0);
    first.reply(0x81, HELLO_OK);
    hello.get(5, TimeUnit.SECONDS);
    guest.onLoop(() -> first.end(VsockCloseReason.RESET));

    CompletableFuture<Void> identity = agent.identity(IDENTITY, LONG);
    guest.link(1).reply(0x82, new byte[8]);

    identity.get(5, TimeUnit.SECONDS);
  }

  @Test
  void shouldHangUpWhenTheGuestSpeaksUnasked() throws Exception {
    CompletableFuture<Void> hello = agent.hello(LONG);
    guest.link(0).reply(0x81, HELLO_OK);
    hello.get(5, TimeUnit.SECONDS);

    guest.link(0).reply(0x82, new byte[8]);

    awaitClosed(guest.link(0));
    CompletableFuture<Void> identity = agent.identity(IDENTITY, LONG);
    guest.link(1).reply(0x82, new byte[8]);
    identity.get(5, TimeUnit.SECONDS);
  }

  @Test
  void shouldTryAgainWhileTheGuestBoots() throws Exception {
    guest.refuse(5);
    CompletableFuture<Void> hello = agent.hello(LONG);

    guest.link(0).reply(0x81, HELLO_OK);

    hello.get(5, TimeUnit.SECONDS);
  }

  @Test
  void shouldGiveUpAfterTheTimeout() {
    guest.refuse(Integer.MAX_VALUE);

    CompletableFuture<Void> hello = agent.hello(Duration.ofMillis(100));

    assertThatThrownBy(() -> hello.get(5, TimeUnit.SECONDS))
        .isInstanceOf(ExecutionException.class)
        .hasCauseInstanceOf(TimeoutException.class)
        .hasMessageContaining("RESET");
  }

  @Test
  void shouldStopTryingWhenCanceled() throws Exception {
    CompletableFuture<Void> hello = agent.hello(LONG);
    FakeGuest.Link link = guest.link(0);

    hello.cancel(false);

    awaitClosed(link);
    Thread.sleep(50);
    assertThat(guest.links).hasSize(1);
  }

  @Test
  void shouldRefuseAnAgentOfAnotherVersion() throws Exception {
    CompletableFuture<Void> hello = agent.hello(LONG);

    guest.link(0).reply(0x81, new byte[] {2, 0, 0, 0, 0, 0});

    assertThatThrownBy(() -> hello.get(5, TimeUnit.SECONDS))
        .hasMessageContaining("agent.version_unsupported");
  }

  @Test
  void shouldNotTryAgainWhenTheIdentityWasRefused() throws Exception {
    CompletableFuture<Void> identity = agent.identity(IDENTITY, LONG);

    guest.link(0).reply(0xFF, new byte[] {3, 0, 'a', '.', 'b', 2, 0, 'n', 'o'});

    assertThatThrownBy(() -> identity.get(5, TimeUnit.SECONDS)).hasMessageContaining("a.b: no");
    Thread.sleep(50);
    assertThat(guest.links).hasSize(1);
  }

  @Test
  void shouldSendTheIdentityAgainWhenTheConnectionBroke() throws Exception {
    CompletableFuture<Void> identity = agent.identity(IDENTITY, LONG);
    FakeGuest.Link first = guest.link(0);
    guest.onLoop(() -> first.end(VsockCloseReason.RESET));

    guest.link(1).reply(0x82, new byte[8]);

    identity.get(5, TimeUnit.SECONDS);
    byte[] bytes = sent(1);
    assertThat(bytes).hasSize(IDENTITY_BYTES);
    assertThat(java.util.Arrays.copyOfRange(bytes, 5, 69)).isEqualTo(IDENTITY.entropy());
    long sentNanos = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong(69);
    assertThat(sentNanos).isCloseTo(CloneIdentity.wallclockNanos(), within(10_000_000_000L));
  }

  @Test
  void shouldRunACommand() throws Exception {
    ExecSession session = agent.exec(command("cat"), observer);
    FakeGuest.Link link = guest.link(0);
    session.stdin("hi".getBytes(UTF_8));
    session.stdinEof();
    link.reply(0x83, new byte[] {7, 0, 0, 0});
    link.reply(0x84, "out".getBytes(UTF_8));
    link.reply(0x85, "err".getBytes(UTF_8));
    link.reply(0x86, exit(3));

    assertThat(observer.events)
        .containsSubsequence(
            "started 7",
            "STDOUT out",
            "STDERR err",
            "ended " + new HostReply.Exec(3, 0, false, false, 10, 20, 30, false))
        .contains("stdin 2");
    byte[] bytes = sent(0);
    assertThat(bytes[4]).isEqualTo((byte) 0x03);
    assertThat(new String(bytes, UTF_8)).contains("cat").contains("K=V").contains("/tmp");
    assertThat(bytes).endsWith(2, 0, 0, 0, 4, 'h', 'i', 0, 0, 0, 0, 5);
    awaitClosed(link);
  }

  @Test
  void shouldPassOnTheAgentsRefusal() throws Exception {
    agent.exec(command("nope"), observer);

    guest.link(0).reply(0xFF, new byte[] {3, 0, 'a', '.', 'b', 2, 0, 'n', 'o'});

    assertThat(observer.events).contains("failed a.b");
  }

  @Test
  void shouldFailWhenTheConnectionIsLost() throws Exception {
    agent.exec(command("sleep"), observer);
    FakeGuest.Link link = guest.link(0);

    guest.onLoop(() -> link.end(VsockCloseReason.DEVICE_RESET));

    assertThat(observer.events).containsExactly("failed exec.connection_lost");
  }

  @Test
  void shouldSayNothingMoreOnceKilled() throws Exception {
    ExecSession session = agent.exec(command("yes"), observer);
    FakeGuest.Link link = guest.link(0);

    session.kill();
    awaitClosed(link);
    link.reply(0x84, new byte[10]);
    session.stdin(new byte[1]);

    assertThat(observer.events).isEmpty();
  }

  @Test
  void shouldFailOnNoiseFromTheGuest() throws Exception {
    agent.exec(command("evil"), observer);
    FakeGuest.Link link = guest.link(0);

    guest.onLoop(() -> link.listener.onData(new byte[] {-1, -1, -1, -1, 0}));

    assertThat(observer.events).containsExactly("failed agent.protocol");
    awaitClosed(link);
  }

  @Test
  void shouldRefuseACommandTooLargeForAFrame() {
    HostRequest.Exec command =
        new HostRequest.Exec("s", List.of("x".repeat(2 << 20)), Map.of(), "/", 0, 0, 0);

    agent.exec(command, observer).stdin(new byte[1]);

    assertThat(observer.events).containsExactly("failed exec.invalid");
  }

  private static org.assertj.core.data.Offset<Long> within(long value) {
    return org.assertj.core.data.Offset.offset(value);
  }

  private static HostRequest.Exec command(String name) {
    return new HostRequest.Exec("s", List.of(name), Map.of("K", "V"), "/tmp", 0, 0, 0);
  }

  private static byte[] exit(int code) {
    return ByteBuffer.allocate(33)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt(code)
        .putInt(0)
        .put((byte) 0)
        .putLong(10)
        .putLong(20)
        .putLong(30)
        .array();
  }

  private byte[] sent(int index) throws Exception {
    FakeGuest.Link link = guest.link(index);
    guest.onLoop(() -> {});
    return link.sent.toByteArray();
  }

  private static void awaitClosed(FakeGuest.Link link) throws InterruptedException {
    for (int i = 0; i < 500 && !link.closed; i++) {
      Thread.sleep(10);
    }
    assertThat(link.closed).isTrue();
  }

  private static final class RecordingObserver implements ExecObserver {
    private final List<String> events = Collections.synchronizedList(new ArrayList<>());

    @Override
    public void started(long pid) {
      events.add("started " + pid);
    }

    @Override
    public void output(StreamKind stream, byte[] bytes) {
      events.add(stream + " " + new String(bytes, UTF_8));
    }

    @Override
    public void stdinTaken(int bytes) {
      events.add("stdin " + bytes);
    }

    @Override
    public void ended(HostReply.Exec result) {
      events.add("ended " + result);
    }

    @Override
    public void failed(HostException failure) {
      events.add("failed " + failure.code());
    }
  }
}
