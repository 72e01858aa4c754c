package dev.rekindle.pool.template;

import dev.rekindle.snapshotter.index.IndexEntry;
import dev.rekindle.snapshotter.index.IndexKeeper;
import dev.rekindle.snapshotter.template.Template;
import dev.rekindle.snapshotter.template.TemplateStore;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The templates that can be leased, in memory, and how many leases use each snapshot: one that no
 * template names any more is removed with its last lease. Thread: one event loop; the disk is read
 * and written elsewhere.
 */
public final class TemplateCatalog {
  private static final Logger LOG = LoggerFactory.getLogger(TemplateCatalog.class);

  private final Vertx vertx;
  private final TemplateStore store;
  private final IndexKeeper index;
  private final Map<String, Template> templates = new TreeMap<>();
  private final Map<String, Integer> users = new HashMap<>();

  /** By template, of its current snapshot. */
  private final Map<String, Long> sizes = new HashMap<>();

  /**
   * @param vertx for work on the disk
   * @param store what lies there
   * @param index made equal to the store at every change
   * @throws IOException if it cannot be read
   */
  public TemplateCatalog(Vertx vertx, TemplateStore store, IndexKeeper index) throws IOException {
    this.vertx = vertx;
    this.store = store;
    this.index = index;
    store.sweepUnfinished();
    for (Template template : store.list()) {
      put(template, SnapshotSize.of(snapshotDir(template)));
    }
  }

  private void put(Template template, long snapshotBytes) {
    templates.put(template.name(), template);
    sizes.put(template.name(), snapshotBytes);
  }

  /**
   * @param template one of {@link #all}
   * @return how much its snapshot's files hold
   */
  public long snapshotBytes(Template template) {
    return sizes.getOrDefault(template.name(), 0L);
  }

  /**
   * @param name of a template
   * @return its current generation
   */
  public Optional<Template> find(String name) {
    return Optional.ofNullable(templates.get(name));
  }

  /**
   * @return all, by name
   */
  public Collection<Template> all() {
    return templates.values();
  }

  /**
   * @param template whose snapshot
   * @return where it lies
   */
  public Path snapshotDir(Template template) {
    return snapshotDir(template.snapshotId());
  }

  /**
   * @param snapshotId of a snapshot
   * @return where it lies
   */
  public Path snapshotDir(String snapshotId) {
    return store.snapshotDir(snapshotId);
  }

  /**
   * @return where images lie
   */
  public Path imagesDir() {
    return store.imagesDir();
  }

  /**
   * A lease of the snapshot begins.
   *
   * @param snapshotId which
   */
  public void use(String snapshotId) {
    users.merge(snapshotId, 1, Integer::sum);
  }

  /**
   * A lease of the snapshot has ended.
   *
   * @param snapshotId which
   */
  public void release(String snapshotId) {
    users.computeIfPresent(snapshotId, (_, n) -> n == 1 ? null : n - 1);
    boolean named = templates.values().stream().anyMatch(t -> t.snapshotId().equals(snapshotId));
    if (!named && !users.containsKey(snapshotId)) {
      sweep();
    }
  }

  private record Read(Template template, long snapshotBytes) {}

  /**
   * Reads a template anew after a build. It can be leased once the index has it, or is withdrawn.
   *
   * @param name of the template
   * @return its new generation
   */
  public Future<Template> reload(String name) {
    return vertx
        .executeBlocking(
            () -> {
              Template template = store.find(name).orElseThrow();
              return new Read(template, SnapshotSize.of(snapshotDir(template)));
            },
            false)
        .compose(read -> indexed(Set.of()).map(read))
        .map(read -> {
          put(read.template, read.snapshotBytes);
          sweep();
          return read.template;
        });
  }

  /**
   * Removes a template; leases of it go on.
   *
   * @param name of the template
   * @return false if there is none
   */
  public Future<Boolean> delete(String name) {
    templates.remove(name);
    sizes.remove(name);
    return vertx.executeBlocking(() -> store.delete(name), false).onSuccess(_ -> sweep());
  }

  /**
   * @param templates in the state directory
   * @return what is to be indexed of them
   */
  public static IndexKeeper.Templates entries(TemplateStore templates) {
    return () ->
        templates.list().stream()
            .map(t ->
                new IndexEntry.TemplateEntry(
                    t.name(), t.snapshotId(), t.generation(), t.createdAt()))
            .toList();
  }

  /**
   * @return what the snapshot index is now
   */
  public IndexKeeper.Status index() {
    return index.status();
  }

  /** Has the snapshot index compared with the disk, now; one in doubt is made anew. */
  public void checkIndex() {
    index.update(Set.of());
  }

  private Future<Void> indexed(Set<String> leaving) {
    return Future.fromCompletionStage(index.update(leaving), vertx.getOrCreateContext());
  }

  /** Removes what no template names and no lease uses: from the index first, then from the disk. */
  private void sweep() {
    vertx
        .executeBlocking(store::unreferencedSnapshots, true)
        .compose(unnamed -> {
          Set<String> garbage = new HashSet<>(unnamed);
          garbage.removeAll(users.keySet());
          return indexed(garbage).map(garbage);
        })
        .compose(garbage ->
            vertx.executeBlocking(
                () -> {
                  for (String snapshot : garbage) {
                    store.removeSnapshot(snapshot);
                  }
                  return null;
                },
                true))
        .onFailure(e -> LOG.warn("snapshots could not be removed: {}", e.getMessage()));
  }
}
