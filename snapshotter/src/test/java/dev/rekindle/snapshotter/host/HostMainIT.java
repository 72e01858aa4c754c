package dev.rekindle.snapshotter.host;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rekindle.snapshotter.AssemblerGuest;
import dev.rekindle.snapshotter.capture.SnapshotWriter;
import dev.rekindle.snapshotter.capture.VmCapture;
import dev.rekindle.snapshotter.format.Manifest;
import dev.rekindle.snapshotter.host.protocol.HostProtocol;
import dev.rekindle.snapshotter.host.protocol.HostReply;
import dev.rekindle.snapshotter.host.protocol.HostRequest;
import dev.rekindle.vmm.machine.KvmHost;
import dev.rekindle.vmm.machine.MicroVm;
import dev.rekindle.vmm.machine.Shell;
import dev.rekindle.vmm.probe.KvmProbe;
import java.io.BufferedReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The host process as a process, with a guest that has no agent and so is never handed out. */
@Tag("kvm")
@Timeout(600)
class HostMainIT {
  @TempDir Path directory;
  private Path socket;
  private Process process;
  private BufferedReader output;

  @BeforeEach
  void start() throws Exception {
    try (KvmHost host = KvmHost.open();
        MicroVm vm =
            MicroVm.boot(
                Shell.build(host, AssemblerGuest.SHAPE), AssemblerGuest.writeTo(directory))) {
      vm.resume();
      while (vm.console().totalBytes() < 5) {
        Thread.sleep(2);
      }
      VmCapture.capture(
          vm,
          new SnapshotWriter(directory.resolve("snapshots")),
          "counter-1",
          "counter",
          new Manifest.Images("none", "counter.elf", "", "", List.of()),
          host.supportedCpuid());
    }
    socket = directory.resolve("host.sock");
    process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                HostMain.class.getName(),
                "--socket",
                socket.toString(),
                "--state",
                directory.toString(),
                "--shells",
                "1",
                "--agent-timeout",
                "1")
            .redirectError(directory.resolve("host.log").toFile())
            .start();
    output = process.inputReader();
    String line = output.readLine();
    while (line != null && !line.equals("ready")) {
      line = output.readLine();
    }
    assertThat(line).isEqualTo("ready");
  }

  @AfterEach
  void stop() {
    process.destroyForcibly();
  }

  @Test
  void shouldDestroyEveryGuestThatNeverAnswersAndHoldNothingOfIt() throws Exception {
    try (TestClient client = TestClient.greeted(socket)) {
      assertThat(client.errorOf(acquire("a", "counter-1"))).isEqualTo("sandbox.agent_timeout");
      HostReply.Stats before = client.call(new HostRequest.Stats(), HostReply.Stats.class);

      int[] ids = new int[6];
      for (int i = 0; i < ids.length; i++) {
        ids[i] = client.send(acquire("b" + i, "counter-1"));
      }
      for (int id : ids) {
        assertThat(client.errorOf(id)).isEqualTo("sandbox.agent_timeout");
      }

      HostReply.Stats after = client.call(new HostRequest.Stats(), HostReply.Stats.class);
      assertThat(after.sandboxes()).isZero();
      assertThat(after.fds()).isLessThanOrEqualTo(before.fds() + 20);
      assertThat(after.mappings()).isLessThanOrEqualTo(before.mappings() + 60);
    }
  }

  @Test
  void shouldSayByTheProbeWhetherGuestsRunNatively() throws Exception {
    try (TestClient client = TestClient.greeted(socket)) {
      HostReply.Hello hello =
          client.call(new HostRequest.Hello(HostProtocol.VERSION), HostReply.Hello.class);

      assertThat(hello.kvm().runsNatively()).isEqualTo(KvmProbe.run().runsLinux());
    }
  }

  @Test
  void shouldSayWhyASnapshotIsRefused() throws Exception {
    try (TestClient client = TestClient.greeted(socket)) {
      assertThat(client.errorOf(acquire("a", "nothing-1"))).isEqualTo("snapshot.missing_file");
      Files.delete(directory.resolve("snapshots/counter-1/state.bin"));
      assertThat(client.errorOf(acquire("a", "counter-1"))).isEqualTo("snapshot.missing_file");
    }
  }

  @Test
  void shouldStopInOrderOnSigterm() throws Exception {
    try (TestClient client = TestClient.greeted(socket)) {
      client.send(acquire("a", "counter-1"));

      process.destroy();

      assertThat(process.waitFor(120, TimeUnit.SECONDS)).isTrue();
      assertThat(process.exitValue()).isEqualTo(143);
      assertThat(socket).doesNotExist();
    }
  }

  @Test
  void shouldStopWhenTheServiceIsGone() throws Exception {
    TestClient.greeted(socket).close();

    assertThat(process.waitFor(120, TimeUnit.SECONDS)).isTrue();

    assertThat(process.exitValue()).isZero();
    assertThat(socket).doesNotExist();
  }

  private HostRequest.Acquire acquire(String id, String snapshot) {
    return new HostRequest.Acquire(
        id,
        directory.resolve("snapshots").resolve(snapshot).toString(),
        directory.resolve("images").toString(),
        "",
        null,
        new HostRequest.Identity(id, "0123456789abcdef0123456789abcdef", "lease"));
  }
}
