package dev.rekindle.pool.template;

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
  private final Map<String, Template> templates = new TreeMap<>();
  private final Map<String, Integer> users = new HashMap<>();

  /**
   * @param vertx for work on the disk
   * @param store what lies there
   * @throws IOException if it cannot be read
   */
  public TemplateCatalog(Vertx vertx, TemplateStore store) throws IOException {
    this.vertx = vertx;
    this.store = store;
    store.sweepUnfinished();
    store.list().forEach(t -> templates.put(t.name(), t));
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
    return store.snapshotDir(template.snapshotId());
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

  /**
   * Reads a template anew after a build.
   *
   * @param name of the template
   * @return its new generation
   */
  public Future<Template> reload(String name) {
    return vertx
        .executeBlocking(() -> store.find(name).orElseThrow(), false)
        .onSuccess(template -> {
          templates.put(name, template);
          sweep();
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
    return vertx.executeBlocking(() -> store.delete(name), false).onSuccess(_ -> sweep());
  }

  private void sweep() {
    Set<String> used = new HashSet<>(users.keySet());
    vertx
        .executeBlocking(
            () -> {
              for (String snapshot : store.unreferencedSnapshots()) {
                if (!used.contains(snapshot)) {
                  store.removeSnapshot(snapshot);
                }
              }
              return null;
            },
            true)
        .onFailure(e -> LOG.warn("snapshots could not be removed: {}", e.getMessage()));
  }
}
