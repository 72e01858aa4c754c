package dev.rekindle.snapshotter.host;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rekindle.snapshotter.host.protocol.Frame;
import dev.rekindle.snapshotter.host.protocol.HostEvent;
import dev.rekindle.snapshotter.host.protocol.HostException;
import dev.rekindle.snapshotter.host.protocol.HostJson;
import dev.rekindle.snapshotter.host.protocol.HostReply;
import dev.rekindle.snapshotter.host.protocol.HostRequest;
import dev.rekindle.snapshotter.host.protocol.StreamKind;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(20)
class HostServerTest {
  private static final HostReply.Exec RESULT =
      new HostReply.Exec(3, 0, false, false, 10, 5, 4096, false);

  @TempDir Path directory;
  private final FakeSandboxFactory factory = new FakeSandboxFactory();
  private Path socket;
  private HostServer server;
  private TestClient client;

  @BeforeEach
  void start() throws Exception {
    socket = directory.resolve("host.sock");
    server = HostServer.start(socket, factory);
    client = TestClient.greeted(socket);
  }

  @AfterEach
  void stop() throws Exception {
    client.close();
    server.close();
  }

  @Test
  void shouldGreetWithItsPidAndSandboxes() throws Exception {
    acquire("a");

    HostReply.Hello hello = client.call(new HostRequest.Hello(1), HostReply.Hello.class);

    assertThat(hello.pid()).isEqualTo(ProcessHandle.current().pid());
    assertThat(hello.kvm().runsNatively()).isTrue();
    assertThat(hello.sandboxes()).containsExactly("a");
  }

  @Test
  void shouldRefuseOtherVersionsAndRequestsBeforeHello() throws Exception {
    try (TestClient other = new TestClient(socket)) {
      assertThat(other.errorOf(new HostRequest.Stats())).isEqualTo("host.version_unsupported");
      assertThat(other.errorOf(new HostRequest.Hello(2))).isEqualTo("host.version_unsupported");
    }
  }

  @Test
  void shouldMakeTheSocketForItsOwnerAlone() throws Exception {
    assertThat(Files.getPosixFilePermissions(socket)).hasSize(2);
  }

  @Test
  void shouldAcquireAndRelease() throws Exception {
    HostReply.Acquire acquired = acquire("a");

    assertThat(acquired.served()).isEqualTo("new");
    assertThat(acquired.stagesMicros()).containsEntry("map", 5L);
    assertThat(client.errorOf(acquireRequest("a"))).isEqualTo("sandbox.exists");
    client.call(new HostRequest.Release("a"), HostReply.Release.class);
    assertThat(factory.open).hasValue(0);
    assertThat(client.errorOf(new HostRequest.Release("a"))).isEqualTo("sandbox.unknown");
  }

  @Test
  void shouldGiveTheIdBackWhenAcquireFails() throws Exception {
    factory.refusal = new HostException("snapshot.truncated", "memory.bin has 1 byte");
    assertThat(client.errorOf(acquireRequest("a"))).isEqualTo("snapshot.truncated");

    factory.refusal = null;

    acquire("a");
  }

  @Test
  void shouldAnswerBadRequestsAndGoOn() throws Exception {
    client.send(new Frame.Request(900, "{\"op\":\"dance\"}".getBytes(UTF_8)));
    assertThat(client.errorOf(900)).isEqualTo("host.bad_request");

    acquire("a");
  }

  @Test
  void shouldEndTheConnectionThatBreaksTheFraming() throws Exception {
    acquire("a");

    client.sendRaw(new byte[] {1, 0, 0, 0});

    assertThatThrownBy(client::receive).isInstanceOf(IOException.class);
    try (TestClient next = TestClient.greeted(socket)) {
      next.call(new HostRequest.Release("a"), HostReply.Release.class);
    }
  }

  @Test
  void shouldRunACommandWithBothDirections() throws Exception {
    acquire("a");
    int id = client.send(exec("a", 0));
    FakeSandbox.FakeExec exec = nextExec("a");

    exec.observer.started(77);
    client.send(new Frame.Data(id, StreamKind.STDIN, new byte[] {1, 2}));
    client.send(new Frame.Data(id, StreamKind.STDIN_EOF, new byte[0]));
    exec.eof.get(5, TimeUnit.SECONDS);
    exec.observer.stdinTaken(2);
    exec.observer.output(StreamKind.STDERR, new byte[] {9});
    exec.observer.ended(RESULT);

    assertThat(exec.stdin.toByteArray()).containsExactly(1, 2);
    assertThat(client.event()).isEqualTo(new HostEvent.Started(77));
    assertThat(client.event()).isEqualTo(new HostEvent.Window(2));
    Frame.Data data = (Frame.Data) client.receive();
    assertThat(data.stream()).isEqualTo(StreamKind.STDERR);
    assertThat(data.bytes()).containsExactly(9);
    assertThat(client.reply(id, HostReply.Exec.class)).isEqualTo(RESULT);
  }

  @Test
  void shouldPauseTheGuestWhenTheServiceDoesNotRead() throws Exception {
    acquire("a");
    int id = client.send(exec("a", 0));
    FakeSandbox.FakeExec exec = nextExec("a");

    for (int i = 0; i < 5; i++) {
      exec.observer.output(StreamKind.STDOUT, filled(70_000, i));
    }
    exec.observer.ended(RESULT);

    await(() -> exec.paused);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    readData(out, 262_144);
    client.send(new Frame.Event(id, HostJson.event(new HostEvent.Window(1_000_000))));
    readData(out, 350_000);
    assertThat(client.reply(id, HostReply.Exec.class)).isEqualTo(RESULT);
    byte[] bytes = out.toByteArray();
    for (int i = 0; i < bytes.length; i++) {
      assertThat(bytes[i]).isEqualTo((byte) (i / 70_000));
    }
  }

  @Test
  void shouldResumeTheGuestWhenTheServiceReadsOn() throws Exception {
    acquire("a");
    int id = client.send(exec("a", 0));
    FakeSandbox.FakeExec exec = nextExec("a");
    exec.observer.output(StreamKind.STDOUT, new byte[300_000]);
    await(() -> exec.paused);

    client.send(new Frame.Event(id, HostJson.event(new HostEvent.Window(300_000))));

    await(() -> !exec.paused);
  }

  @Test
  void shouldThrowAwayOutputBeyondTheMaximum() throws Exception {
    acquire("a");
    int id = client.send(exec("a", 10));
    FakeSandbox.FakeExec exec = nextExec("a");

    for (int i = 0; i < 100; i++) {
      exec.observer.output(StreamKind.STDOUT, new byte[65_536]);
    }
    exec.observer.ended(RESULT);

    assertThat(exec.paused).isFalse();
    assertThat(((Frame.Data) client.receive()).bytes()).hasSize(10);
    assertThat(client.reply(id, HostReply.Exec.class).outputTruncated()).isTrue();
  }

  @Test
  void shouldCloseTheConnectionThatWritesBeyondTheWindow() throws Exception {
    acquire("a");
    int id = client.send(exec("a", 0));
    FakeSandbox.FakeExec exec = nextExec("a");

    for (int i = 0; i < 5; i++) {
      client.send(new Frame.Data(id, StreamKind.STDIN, new byte[65_536]));
    }

    exec.killed.get(5, TimeUnit.SECONDS);
    assertThatThrownBy(client::receive).isInstanceOf(IOException.class);
  }

  @Test
  void shouldKillTheCommandWhenCanceled() throws Exception {
    acquire("a");
    int id = client.send(exec("a", 0));
    FakeSandbox.FakeExec exec = nextExec("a");

    int cancel = client.send(new HostRequest.Cancel(id));

    assertThat(client.errorOf(id)).isEqualTo("exec.canceled");
    assertThat(client.reply(cancel, HostReply.Cancel.class).canceled()).isTrue();
    exec.killed.get(5, TimeUnit.SECONDS);
    exec.observer.output(StreamKind.STDOUT, new byte[1]);
    exec.observer.ended(RESULT);
    HostReply.Cancel again = client.call(new HostRequest.Cancel(id), HostReply.Cancel.class);
    assertThat(again.canceled()).isFalse();
  }

  @Test
  void shouldKillTheCommandsOfAConnectionThatIsGone() throws Exception {
    acquire("a");
    client.send(exec("a", 0));
    FakeSandbox.FakeExec exec = nextExec("a");

    client.close();

    exec.killed.get(5, TimeUnit.SECONDS);
    assertThat(factory.open).hasValue(1);
  }

  @Test
  void shouldDestroyTheSandboxWhoseAcquirerIsGone() throws Exception {
    factory.gate = new CountDownLatch(1);
    client.send(acquireRequest("a"));
    try (TestClient other = TestClient.greeted(socket)) {
      client.close();
      Thread.sleep(200);

      factory.gate.countDown();

      await(() -> factory.sandboxes.containsKey("a") && factory.open.get() == 0);
      assertThat(other.errorOf(new HostRequest.Release("a"))).isEqualTo("sandbox.unknown");
    }
  }

  @Test
  void shouldEndExecsWhenTheSandboxIsReleased() throws Exception {
    acquire("a");
    int id = client.send(exec("a", 0));
    nextExec("a");

    client.send(new HostRequest.Release("a"));

    assertThat(client.errorOf(id)).isEqualTo("sandbox.released");
  }

  @Test
  void shouldTellEveryoneWhenASandboxStopsByItself() throws Exception {
    acquire("a");
    int id = client.send(exec("a", 0));
    nextExec("a");
    try (TestClient other = TestClient.greeted(socket)) {

      factory.sandboxes.get("a").exit.complete(new Sandbox.Exit("reboot", "Kernel panic"));

      assertThat(client.errorOf(id)).isEqualTo("sandbox.exited");
      HostEvent.SandboxExited event = new HostEvent.SandboxExited("a", "reboot", "Kernel panic");
      assertThat(client.event()).isEqualTo(event);
      assertThat(other.event()).isEqualTo(event);
      assertThat(factory.open).hasValue(0);
      acquire("a");
    }
  }

  @Test
  void shouldAnswerExecInUnknownSandbox() throws Exception {
    assertThat(client.errorOf(exec("nope", 0))).isEqualTo("sandbox.unknown");
  }

  @Test
  void shouldReportWhatTheProcessHolds() throws Exception {
    acquire("a");

    HostReply.Stats stats = client.call(new HostRequest.Stats(), HostReply.Stats.class);

    assertThat(stats.sandboxes()).isEqualTo(1);
    assertThat(stats.rssBytes()).isGreaterThanOrEqualTo(stats.pssBytes()).isPositive();
    assertThat(stats.fds()).isPositive();
    assertThat(stats.threads()).isPositive();
    assertThat(stats.mappings()).isPositive();
  }

  @Test
  void shouldCloseAllWhenStopped() throws Exception {
    acquire("a");
    acquire("b");

    server.close();

    assertThat(factory.open).hasValue(0);
    assertThat(factory.closed).isTrue();
    assertThat(socket).doesNotExist();
    server.awaitAbandoned();
  }

  @Test
  void shouldBeAbandonedOnlyWithoutConnections() throws Exception {
    IdleWatch watch = new IdleWatch(Duration.ofSeconds(30), Duration.ofMillis(50));
    watch.connected();
    watch.connected();
    watch.disconnected();
    Thread waiter = Thread.ofVirtual().start(() -> awaitExpired(watch));
    assertThat(waiter.join(Duration.ofMillis(150))).isFalse();

    watch.disconnected();

    assertThat(waiter.join(Duration.ofSeconds(5))).isTrue();
  }

  @Test
  void shouldLeaveNoThreadsOrDescriptorsBehind() throws Exception {
    acquire("warm");
    ProcessStats before = ProcessStats.read();

    for (int i = 0; i < 100; i++) {
      try (TestClient other = TestClient.greeted(socket)) {
        other.call(acquireRequest("s" + i), HostReply.Acquire.class);
        int id = other.send(exec("s" + i, 0));
        nextExec("s" + i).observer.ended(RESULT);
        other.reply(id, HostReply.Exec.class);
        other.call(new HostRequest.Release("s" + i), HostReply.Release.class);
      }
    }

    await(() -> stats().fds() <= before.fds() + 3 && stats().threads() <= before.threads() + 6);
    assertThat(factory.open).hasValue(1);
  }

  private static ProcessStats stats() {
    try {
      return ProcessStats.read();
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void awaitExpired(IdleWatch watch) {
    try {
      watch.awaitExpired();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void await(BooleanSupplier condition) throws InterruptedException {
    for (int i = 0; i < 500 && !condition.getAsBoolean(); i++) {
      Thread.sleep(10);
    }
    assertThat(condition.getAsBoolean()).isTrue();
  }

  private void readData(ByteArrayOutputStream out, int until) throws Exception {
    while (out.size() < until) {
      out.writeBytes(((Frame.Data) client.receive()).bytes());
    }
    assertThat(out.size()).isEqualTo(until);
  }

  private static byte[] filled(int length, int value) {
    byte[] bytes = new byte[length];
    java.util.Arrays.fill(bytes, (byte) value);
    return bytes;
  }

  private FakeSandbox.FakeExec nextExec(String id) throws InterruptedException {
    return factory.sandboxes.get(id).execs.poll(5, TimeUnit.SECONDS);
  }

  private HostReply.Acquire acquire(String id) throws Exception {
    return client.call(acquireRequest(id), HostReply.Acquire.class);
  }

  private static HostRequest.Acquire acquireRequest(String id) {
    HostRequest.Identity identity =
        new HostRequest.Identity(id, "0123456789abcdef0123456789abcdef", "lease-" + id);
    return new HostRequest.Acquire(id, "/s/snapshots/x", "/s/images", "", null, identity);
  }

  private static HostRequest.Exec exec(String id, long maxOutputBytes) {
    return new HostRequest.Exec(id, List.of("true"), Map.of(), "/", 0, 0, maxOutputBytes);
  }
}
