package dev.rekindle.snapshotter.restore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rekindle.snapshotter.agent.CloneIdentity;
import dev.rekindle.snapshotter.agent.CloneNames;
import dev.rekindle.snapshotter.agent.VsockGuestAgent;
import dev.rekindle.snapshotter.capture.SnapshotWriter;
import dev.rekindle.snapshotter.capture.VmCapture;
import dev.rekindle.snapshotter.format.Manifest;
import dev.rekindle.snapshotter.template.BareTemplate;
import dev.rekindle.snapshotter.template.TemplateStore;
import dev.rekindle.vmm.machine.KvmHost;
import dev.rekindle.vmm.virtio.vsock.VsockCloseReason;
import dev.rekindle.vmm.virtio.vsock.VsockConnection;
import dev.rekindle.vmm.virtio.vsock.VsockDevice;
import dev.rekindle.vmm.virtio.vsock.VsockListener;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a clone must be given before it answers, seen by a guest that runs on every /dev/kvm. */
@Tag("kvm")
@Timeout(600)
class BareUniquenessIT {
  private static final CloneNames NAMES = new CloneNames("clone", "0".repeat(32), "lease");
  private static final int AGENT_PORT = 1024;
  private static final int CONNECTIONS = 64;

  @TempDir static Path state;
  private static Path snapshot;
  private static int snapshots;

  private final Uniqueness uniqueness =
      new Uniqueness(Duration.ofSeconds(20), Duration.ofSeconds(20));
  private KvmHost host;
  private Restorer restorer;

  @BeforeAll
  static void build() throws Exception {
    String id = BareTemplate.build(state, "bare", 16, (_, _, _) -> {}).template().snapshotId();
    snapshot = new TemplateStore(state).snapshotDir(id);
  }

  @BeforeEach
  void open() {
    host = KvmHost.open();
    restorer = new Restorer(host, 0);
  }

  @AfterEach
  void close() {
    restorer.close();
    host.close();
  }

  @Test
  void shouldThrowAwayACloneWhoseGenerationIdWasNotRenewed() throws Exception {
    Altered vm = new Altered(restore(snapshot));
    vm.generationId = new byte[16];

    assertThatThrownBy(() -> uniqueness.establish(vm, NAMES, new StageClock()))
        .isInstanceOfSatisfying(
            RestoreException.class, e -> assertThat(e.code()).isEqualTo("sandbox.not_unique"))
        .hasMessageContaining("identity.failed");
  }

  @Test
  void shouldAnswerOnceTheConnectionsOfItsSnapshotAreGone() throws Exception {
    Path full = captureFull();

    try (AgentVm clone = restore(full)) {
      uniqueness.establish(clone, NAMES, new StageClock());
    }
  }

  @Test
  void shouldNotAnswerWhileTheConnectionsOfItsSnapshotAreThere() throws Exception {
    Altered vm = new Altered(restore(captureFull()));
    vm.keepsConnections = true;

    Uniqueness impatient = new Uniqueness(Duration.ofSeconds(1), Duration.ofSeconds(1));

    assertThatThrownBy(() -> impatient.establish(vm, NAMES, new StageClock()))
        .isInstanceOfSatisfying(
            RestoreException.class, e -> assertThat(e.code()).isEqualTo("sandbox.agent_timeout"));
  }

  /** A snapshot of a guest that has no room for a further connection. */
  private Path captureFull() throws Exception {
    try (AgentVm vm = restore(snapshot)) {
      uniqueness.establish(vm, NAMES, new StageClock());
      vm.agent().hangUp();
      VsockDevice vsock = vm.vm().vsock();
      // A clone's device counts its ports from the start: none may be one of these.
      for (int i = 0; i < CONNECTIONS; i++) {
        Opening opening = new Opening();
        VsockConnection connection = vsock.connect(AGENT_PORT, opening);
        opening.connected.get();
        connection.close();
      }
      for (int i = 0; i < CONNECTIONS; i++) {
        Opening opening = new Opening();
        vsock.connect(AGENT_PORT, opening);
        opening.connected.get();
      }
      String id = "full-" + snapshots++;
      VmCapture.capture(
          vm.vm(),
          new SnapshotWriter(state.resolve("snapshots")),
          id,
          "full",
          new Manifest.Images("none", "bare.elf", "", "", List.of()),
          host.supportedCpuid());
      return state.resolve("snapshots").resolve(id);
    }
  }

  private AgentVm restore(Path directory) throws Exception {
    var vm = restorer.restore(directory, state, "tenant", new StageClock()).vm();
    return new AgentVm(vm, new VsockGuestAgent(vm.vsock(), host.loop()));
  }

  private static final class Opening implements VsockListener {
    final CompletableFuture<Void> connected = new CompletableFuture<>();

    @Override
    public void onConnected() {
      connected.complete(null);
    }

    @Override
    public void onData(byte[] data) {}

    @Override
    public void onClosed(VsockCloseReason reason) {
      connected.completeExceptionally(new IllegalStateException("closed: " + reason));
    }
  }

  /** A VM some of whose steps are left out. */
  private static final class Altered implements RestoredVm {
    private final AgentVm vm;
    private byte[] generationId;
    private boolean keepsConnections;

    Altered(AgentVm vm) {
      this.vm = vm;
    }

    @Override
    public byte[] renewGenerationId() {
      byte[] renewed = vm.renewGenerationId();
      return generationId == null ? renewed : generationId;
    }

    @Override
    public void resetConnections() {
      if (!keepsConnections) {
        vm.resetConnections();
      }
    }

    @Override
    public void resume() {
      vm.resume();
    }

    @Override
    public CompletableFuture<Void> reach(Duration timeout) {
      return vm.reach(timeout);
    }

    @Override
    public CompletableFuture<Void> identity(CloneIdentity identity, Duration timeout) {
      return vm.identity(identity, timeout);
    }

    @Override
    public CompletableFuture<String> exited() {
      return vm.exited();
    }

    @Override
    public String consoleTail() {
      return vm.consoleTail();
    }

    @Override
    public void close() {
      vm.close();
    }
  }
}
