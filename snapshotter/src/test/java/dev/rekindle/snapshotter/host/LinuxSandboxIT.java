package dev.rekindle.snapshotter.host;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.rekindle.snapshotter.agent.VsockGuestAgent;
import dev.rekindle.snapshotter.host.protocol.Frame;
import dev.rekindle.snapshotter.host.protocol.HostEvent;
import dev.rekindle.snapshotter.host.protocol.HostException;
import dev.rekindle.snapshotter.host.protocol.HostJson;
import dev.rekindle.snapshotter.host.protocol.HostReply;
import dev.rekindle.snapshotter.host.protocol.HostRequest;
import dev.rekindle.snapshotter.template.BootPlan;
import dev.rekindle.snapshotter.template.PreparedImages;
import dev.rekindle.snapshotter.template.Recipe;
import dev.rekindle.snapshotter.template.TemplateBooter;
import dev.rekindle.snapshotter.template.TemplateImages;
import dev.rekindle.snapshotter.template.TemplateStore;
import dev.rekindle.vmm.machine.KvmHost;
import java.io.ByteArrayOutputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A real Linux, from recipe to two sandboxes at once and a panic. Takes the images from {@code
 * REKINDLE_TEST_STATE}, the state directory where {@code ImagesMain prepare ... base} put them;
 * without it they are made here, which needs apt.
 */
@Tag("linux")
@Timeout(900)
class LinuxSandboxIT {
  private static final String WHO =
      "hostname; cat /etc/machine-id /proc/sys/kernel/random/boot_id;"
          + " head -c 16 /dev/urandom | od -An -tx1; date -u +%s";

  @TempDir Path directory;
  private String snapshotDir;
  private String imagesDir;

  @Test
  void shouldHandOutDistinctSandboxesAheadOrNowAndSurviveAPanic() throws Exception {
    String prepared = System.getenv("REKINDLE_TEST_STATE");
    Path state = prepared == null ? directory : Path.of(prepared);
    Recipe recipe = Recipe.base();
    PreparedImages images = TemplateImages.prepare(recipe, state, (_, _, _) -> {});
    TemplateStore store = new TemplateStore(directory);
    BootPlan plan =
        new BootPlan(
            images.kernel(),
            images.initramfs(),
            images.rootfs(),
            images.digest(),
            (long) recipe.memoryMib() << 20,
            recipe.vcpus(),
            images.kernelArgs(),
            recipe.warmup(),
            Duration.ofSeconds(recipe.bootTimeoutSeconds()));
    String snapshotId =
        new TemplateBooter(store, (_, _, _) -> {})
            .run("base", recipe.toJson(), plan)
            .template()
            .snapshotId();

    KvmHost host = KvmHost.open();
    MicroVmFactory factory =
        new MicroVmFactory(
            host, vm -> new VsockGuestAgent(vm.vsock(), host.loop()), 1, Duration.ofSeconds(120));
    Path socket = directory.resolve("host.sock");
    snapshotDir = store.snapshotDir(snapshotId).toString();
    imagesDir = state.resolve("images").toString();
    try (HostServer _ = HostServer.start(socket, factory);
        TestClient client = TestClient.greeted(socket)) {
      distinctAndSurvivingAPanic(client);
      parkedAndRecycled(client);
    }
  }

  private void distinctAndSurvivingAPanic(TestClient client) throws Exception {
    acquire(client, "a");
    acquire(client, "b");

    List<String> first = run(client, "a", WHO).lines().toList();
    List<String> second = run(client, "b", WHO).lines().toList();

    assertThat(first.get(0)).isEqualTo("host-a");
    assertThat(second.get(0)).isEqualTo("host-b");
    assertThat(first.get(1)).isEqualTo("a".repeat(32));
    assertThat(first.get(2)).isNotEqualTo(second.get(2));
    assertThat(first.get(3)).isNotEqualTo(second.get(3));
    long now = Instant.now().getEpochSecond();
    assertThat(Long.parseLong(second.get(4))).isBetween(now - 30, now + 2);

    int panic = client.send(exec("a", "echo c > /proc/sysrq-trigger"));
    try {
      client.reply(panic, HostReply.Exec.class);
    } catch (HostException e) {
      assertThat(e.code()).isEqualTo("sandbox.exited");
      assertThat(e.consoleTail()).contains("Kernel panic");
    }
    assertThat(run(client, "b", "echo alive; touch /root/left")).isEqualTo("alive\n");
    client.call(new HostRequest.Release("b"), HostReply.Release.class);
  }

  /** Into the VM that b had; with what the warm-up left and nothing that b did. */
  private void parkedAndRecycled(TestClient client) throws Exception {
    client.call(
        new HostRequest.Pool(
            snapshotDir, imagesDir, 1, 1, List.of("/bin/sh", "-c", "echo warm > /tmp/warm")),
        HostReply.Pool.class);
    while (stats(client).parked() == 0) {
      assertThat(stats(client).pools().getFirst().lastError()).isNull();
      Thread.sleep(200);
    }
    Thread.sleep(2_000);

    assertThat(acquire(client, "c").served()).isEqualTo("parked");

    List<String> who = run(client, "c", WHO + "; cat /tmp/warm; ls /root").lines().toList();
    assertThat(who.get(0)).isEqualTo("host-c");
    assertThat(who.get(1)).isEqualTo("c".repeat(32));
    long now = Instant.now().getEpochSecond();
    assertThat(Long.parseLong(who.get(4))).isBetween(now - 30, now + 2);
    assertThat(who.subList(5, who.size())).containsExactly("warm");
  }

  private static HostReply.Stats stats(TestClient client) throws Exception {
    return client.call(new HostRequest.Stats(), HostReply.Stats.class);
  }

  private HostReply.Acquire acquire(TestClient client, String id) throws Exception {
    return client.call(
        new HostRequest.Acquire(
            id,
            snapshotDir,
            imagesDir,
            "acme",
            HostRequest.Recycle.TENANT,
            new HostRequest.Identity("host-" + id, id.repeat(32), "lease-" + id)),
        HostReply.Acquire.class);
  }

  private static HostRequest.Exec exec(String id, String script) {
    return new HostRequest.Exec(id, List.of("/bin/sh", "-c", script), Map.of(), "/", 60_000, 0, 0);
  }

  private static String run(TestClient client, String id, String script) throws Exception {
    int request = client.send(exec(id, script));
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    while (true) {
      switch (client.receive()) {
        case Frame.Data data -> out.writeBytes(data.bytes());
        case Frame.Reply(int replied, byte[] json) when replied == request -> {
          assertThat(HostJson.readReply(json, HostReply.Exec.class).exitCode()).isZero();
          return out.toString(UTF_8);
        }
        case Frame.Event(int _, byte[] json) ->
            assertThat(HostJson.readEvent(json))
                .isInstanceOfAny(HostEvent.Started.class, HostEvent.SandboxExited.class);
        case Frame frame -> throw new AssertionError("unexpected " + frame);
      }
    }
  }
}
