package dev.rekindle.pool.template;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.rekindle.snapshotter.capture.SnapshotDescription;
import dev.rekindle.snapshotter.capture.SnapshotWriter;
import dev.rekindle.snapshotter.format.HugePages;
import dev.rekindle.snapshotter.format.Manifest;
import dev.rekindle.snapshotter.index.IndexFollower;
import dev.rekindle.snapshotter.index.IndexKeeper;
import dev.rekindle.snapshotter.index.IndexKeys;
import dev.rekindle.snapshotter.template.TemplateStore;
import dev.rekindle.vmm.memory.GuestMemory;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Templates, their snapshots' files and the index together. */
@Timeout(300)
class TemplateCatalogTest {
  @TempDir private Path state;
  private final Vertx vertx = Vertx.vertx();
  private TemplateStore store;
  private IndexKeeper index;
  private IndexFollower host;
  private TemplateCatalog catalog;

  @BeforeEach
  void open() throws Exception {
    store = new TemplateStore(state);
    publish("base-1");
    IndexKeys keys = IndexKeys.open(state);
    host = new IndexFollower(state, keys.publicKey());
    index = new IndexKeeper(state, keys, TemplateCatalog.entries(store));
    catalog = onLoop(() -> Future.succeededFuture(new TemplateCatalog(vertx, store, index)));
    index.start();
    settled();
  }

  @AfterEach
  void close() throws Exception {
    index.close();
    host.close();
    vertx.close().await(20, TimeUnit.SECONDS);
  }

  private void publish(String snapshotId) throws Exception {
    SnapshotDescription description =
        new SnapshotDescription(
            snapshotId,
            "base",
            "test 1",
            new Manifest.Images("none", "vmlinuz", "initramfs", "", List.of()),
            new Manifest.CpuEntry("GenuineIntel", Map.of()),
            HugePages.NONE);
    try (Arena arena = Arena.ofConfined()) {
      new SnapshotWriter(store.snapshotsDir())
          .write(
              description,
              new Manifest.ShapeEntry(4 << 20, 1, "host", List.of()),
              List.of(),
              GuestMemory.allocate(4 << 20, arena));
    }
    store.publish("base", JsonNodeFactory.instance.objectNode(), snapshotId);
  }

  private <T> T onLoop(Callable<Future<T>> action) throws Exception {
    return Future.<T>future(promise ->
            vertx.runOnContext(_ -> {
              try {
                action.call().onComplete(promise);
              } catch (Exception e) {
                promise.fail(e);
              }
            }))
        .await(240, TimeUnit.SECONDS);
  }

  private void settled() throws Exception {
    index.update(Set.of()).get(240, TimeUnit.SECONDS);
  }

  private void awaitGone(Path path) throws Exception {
    while (Files.exists(path)) {
      Thread.sleep(5);
    }
  }

  @Test
  void shouldIndexANewGenerationBeforeItCanBeLeasedAndKeepTheOldWhileItIsUsed() throws Exception {
    onLoop(() -> {
      catalog.use("base-1");
      return Future.succeededFuture();
    });
    publish("base-2");

    assertThat(onLoop(() -> catalog.reload("base")).snapshotId()).isEqualTo("base-2");

    assertThat(host.ask("base-2").entry()).isPresent();
    assertThat(host.ask("base-1").entry()).isPresent();
    assertThat(catalog.index().templates()).isEqualTo(1);
    onLoop(() -> {
      catalog.release("base-1");
      return Future.succeededFuture();
    });
    awaitGone(store.snapshotDir("base-1"));
    settled();
    assertThat(host.ask("base-1").indexed()).isTrue();
    assertThat(host.ask("base-1").entry()).isEmpty();
    assertThat(host.ask("base-2").entry()).isPresent();
  }

  @Test
  void shouldTakeADeletedTemplatesSnapshotOutOfTheIndexAndOffTheDisk() throws Exception {
    assertThat(host.ask("base-1").entry()).isPresent();

    assertThat(onLoop(() -> catalog.delete("base"))).isTrue();
    awaitGone(store.snapshotDir("base-1"));
    settled();

    assertThat(host.ask("base-1").entry()).isEmpty();
    assertThat(catalog.index().snapshots()).isZero();
  }
}
