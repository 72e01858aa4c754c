package dev.rekindle.snapshotter.restore;

import dev.rekindle.snapshotter.format.SnapshotException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/**
 * Snapshots that were read and verified, once per process. Several requests for one that is not
 * there yet wait for one load; a load that failed is tried again by the next request. Thread: any.
 *
 * @param <V> a loaded snapshot; the cache closes it when it leaves
 */
public final class SnapshotCache<V extends AutoCloseable> implements AutoCloseable {
  /**
   * Loads one snapshot.
   *
   * @param <V> a loaded snapshot
   */
  public interface Loader<V> {
    /**
     * @param directory of the snapshot
     * @return the caller owns it
     * @throws SnapshotException why it is refused
     */
    V load(Path directory) throws SnapshotException;
  }

  private final class Entry {
    private final CompletableFuture<V> value = new CompletableFuture<>();
    private int users;
    private boolean evicted;
  }

  /** A snapshot in use; it is not closed before this is. */
  public final class Use implements AutoCloseable {
    private final Entry entry;
    private final boolean loadedNow;
    private boolean closed;

    private Use(Entry entry, boolean loadedNow) {
      this.entry = entry;
      this.loadedNow = loadedNow;
    }

    /**
     * @return the snapshot
     */
    public V value() {
      return entry.value.join();
    }

    /**
     * @return whether this use had to load or wait for it
     */
    public boolean loadedNow() {
      return loadedNow;
    }

    @Override
    public void close() {
      synchronized (SnapshotCache.this) {
        if (closed) {
          return;
        }
        closed = true;
        entry.users--;
        if (!entry.evicted || entry.users > 0) {
          return;
        }
      }
      free(entry);
    }
  }

  private final Loader<V> loader;
  private final int capacity;
  private final Map<Path, Entry> entries = new LinkedHashMap<>(16, 0.75f, true);
  private boolean closed;

  /**
   * @param loader called outside of any lock, on the thread of the request
   * @param capacity how many to keep
   */
  public SnapshotCache(Loader<V> loader, int capacity) {
    this.loader = loader;
    this.capacity = capacity;
  }

  /**
   * The snapshot in a directory, loaded if it is not yet. Blocks while it is.
   *
   * @param directory of the snapshot
   * @return to be closed after use
   * @throws SnapshotException why it is refused
   */
  public Use use(Path directory) throws SnapshotException {
    Entry entry;
    boolean load = false;
    List<Entry> leaving = new ArrayList<>();
    synchronized (this) {
      if (closed) {
        throw new IllegalStateException("closed");
      }
      entry = entries.get(directory);
      if (entry == null) {
        load = true;
        entry = new Entry();
        evict(leaving);
        entries.put(directory, entry);
      }
      entry.users++;
    }
    leaving.forEach(this::free);
    boolean waited = load || !entry.value.isDone();
    if (load) {
      load(directory, entry);
    }
    Use use = new Use(entry, waited);
    try {
      entry.value.join();
      return use;
    } catch (CompletionException e) {
      use.close();
      switch (e.getCause()) {
        case SnapshotException refused ->
            throw new SnapshotException(refused.error(), refused.getMessage(), refused);
        case RuntimeException other -> throw new IllegalStateException(other);
        default -> throw e;
      }
    }
  }

  /** Closes what is not in use now, the rest when it no longer is. Idempotent. */
  @Override
  public void close() {
    List<Entry> leaving = new ArrayList<>();
    synchronized (this) {
      closed = true;
      entries.values().forEach(entry -> leave(entry, leaving));
      entries.clear();
    }
    leaving.forEach(this::free);
  }

  private void load(Path directory, Entry entry) {
    try {
      entry.value.complete(loader.load(directory));
    } catch (SnapshotException | RuntimeException e) {
      synchronized (this) {
        entries.remove(directory, entry);
      }
      entry.value.completeExceptionally(e);
    } catch (Error e) {
      synchronized (this) {
        entries.remove(directory, entry);
      }
      entry.value.completeExceptionally(e);
      throw e;
    }
  }

  /** Makes room, and lets go of what was deleted, whose disk space our descriptor would hold. */
  private void evict(List<Entry> leaving) {
    var oldest = entries.entrySet().iterator();
    int excess = entries.size() - capacity + 1;
    while (oldest.hasNext()) {
      Map.Entry<Path, Entry> entry = oldest.next();
      if (excess-- > 0 || !Files.isDirectory(entry.getKey())) {
        oldest.remove();
        leave(entry.getValue(), leaving);
      }
    }
  }

  private void leave(Entry entry, List<Entry> leaving) {
    entry.evicted = true;
    if (entry.users == 0) {
      leaving.add(entry);
    }
  }

  private void free(Entry entry) {
    if (entry.value.isCompletedExceptionally()) {
      return;
    }
    try {
      entry.value.join().close();
    } catch (RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }
}
