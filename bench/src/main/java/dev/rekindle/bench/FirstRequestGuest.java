package dev.rekindle.bench;

import dev.rekindle.snapshotter.format.HugePages;
import dev.rekindle.snapshotter.format.Manifest;
import dev.rekindle.snapshotter.format.ManifestJson;
import dev.rekindle.snapshotter.format.SnapshotException;
import dev.rekindle.snapshotter.restore.SnapshotReader;
import dev.rekindle.snapshotter.template.BootPlan;
import dev.rekindle.snapshotter.template.BuildException;
import dev.rekindle.snapshotter.template.PreparedImages;
import dev.rekindle.snapshotter.template.Recipe;
import dev.rekindle.snapshotter.template.TemplateBooter;
import dev.rekindle.snapshotter.template.TemplateImages;
import dev.rekindle.snapshotter.template.TemplateStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * A template built for the benchmark alone, its snapshot also under other kinds of pages.
 *
 * @param template its name
 * @param memoryMib of its sandboxes
 * @param argv the first request
 * @param state where it was built; a directory of the benchmark's own
 * @param snapshot as built: pages of 4 KiB
 */
record FirstRequestGuest(
    String template, int memoryMib, List<String> argv, Path state, Path snapshot) {
  private static final int BOOT_SECONDS = 600;

  /**
   * Boots it and records its working set.
   *
   * @param template name of a default recipe
   * @param images prepared for it
   * @param state made if missing
   */
  static FirstRequestGuest build(String template, Path images, Path state) throws BuildException {
    Recipe recipe = Recipe.named(template);
    PreparedImages prepared = TemplateImages.prepare(recipe, images.getParent(), (_, _, _) -> {});
    BootPlan plan =
        new BootPlan(
            prepared.kernel(),
            prepared.initramfs(),
            prepared.rootfs(),
            prepared.digest(),
            (long) recipe.memoryMib() << 20,
            recipe.vcpus(),
            prepared.kernelArgs(),
            recipe.warmup(),
            Duration.ofSeconds(BOOT_SECONDS),
            HugePages.NONE);
    TemplateStore store = new TemplateStore(state);
    String id =
        new TemplateBooter(
                store,
                (stage, percent, message) ->
                    System.err.println(stage + " " + percent + "% " + message))
            .run(template, recipe.toJson(), plan)
            .template()
            .snapshotId();
    return new FirstRequestGuest(
        template, recipe.memoryMib(), recipe.warmup().getLast(), state, store.snapshotDir(id));
  }

  /** The same snapshot, restored in pages of a kind. */
  Path as(HugePages pages) throws IOException, SnapshotException {
    if (pages == HugePages.NONE) {
      return snapshot;
    }
    String id = snapshot.getFileName() + "-" + pages.label();
    Path other = snapshot.resolveSibling(id);
    if (Files.exists(other)) {
      return other;
    }
    Files.createDirectory(other);
    for (String file : List.of("state.bin", "memory.bin", "workingset.bin")) {
      if (Files.exists(snapshot.resolve(file))) {
        Files.createLink(other.resolve(file), snapshot.resolve(file));
      }
    }
    Manifest m = SnapshotReader.readManifest(snapshot);
    Manifest.Memory memory =
        new Manifest.Memory(
            m.memory().pageBytes(),
            m.memory().chunkBytes(),
            m.memory().dataBytes(),
            m.memory().regions(),
            pages);
    Manifest changed =
        new Manifest(
            m.format(),
            id,
            m.template(),
            m.creator(),
            m.createdAt(),
            m.shape(),
            memory,
            m.stateFile(),
            m.memoryFile(),
            m.images(),
            m.cpu());
    Files.write(other.resolve("manifest.json"), ManifestJson.encode(changed));
    return other;
  }

  /** Removes all that was built. */
  void remove() throws IOException {
    try (Stream<Path> all = Files.walk(state)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    }
  }
}
