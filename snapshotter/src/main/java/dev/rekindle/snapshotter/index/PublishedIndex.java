package dev.rekindle.snapshotter.index;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The index of a folder as its one writer has it. A file that an earlier service made is read,
 * never written: the first change makes a new one, and so does any doubt. Thread: one at a time.
 */
final class PublishedIndex implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(PublishedIndex.class);

  private final Path folder;
  private final SnapshotScan snapshots;
  private final IndexKeys keys;
  private final IndexKeeper.Templates templates;

  private Map<String, IndexEntry.SnapshotEntry> known = Map.of();

  /** What is or can be published; null for nothing. */
  private IndexGeneration current;

  /** Its file, where this process made it; null otherwise. */
  private IndexFile file;

  private int rebuilds;

  PublishedIndex(Path folder, Path snapshots, IndexKeys keys, IndexKeeper.Templates templates) {
    this.folder = folder;
    this.snapshots = new SnapshotScan(snapshots);
    this.keys = keys;
    this.templates = templates;
  }

  /** Takes up what an earlier service left, if all of it can be believed. */
  void adopt(byte[] pointer) {
    try {
      current = IndexGeneration.open(folder, pointer, keys.verifier(), new ReadCounts());
      Map<String, IndexEntry.SnapshotEntry> found = new HashMap<>();
      for (IndexEntry entry : current.entries().values()) {
        if (entry instanceof IndexEntry.SnapshotEntry snapshot) {
          found.put(snapshot.snapshotId(), snapshot);
        }
      }
      known = found;
    } catch (IndexException e) {
      doubt(e);
    }
  }

  private void doubt(IndexException e) {
    rebuilds++;
    LOG.warn(
        "the snapshot index is damaged, it is rebuilt from the manifests on disk: {}: {}",
        e.code(),
        e.getMessage());
    release();
    known = Map.of();
  }

  private void release() {
    if (file != null) {
      file.close();
    } else if (current != null) {
      current.close();
    }
    file = null;
    current = null;
  }

  /**
   * Makes the index equal to the disk and publishes it.
   *
   * @param leaving snapshots that count as gone
   * @param withdrawn called if the index is withdrawn while a new file of it is made
   * @throws IndexException {@code no_space}, {@code io}, {@code unavailable} or {@code full}
   * @throws IOException if the disk cannot be read
   */
  IndexKeeper.Status equalize(Set<String> leaving, Runnable withdrawn)
      throws IndexException, IOException {
    Files.createDirectories(folder);
    known = snapshots.read(known, leaving);
    Map<String, IndexEntry> wanted = new HashMap<>();
    known.values().forEach(entry -> wanted.put(entry.key(), entry));
    for (IndexEntry.TemplateEntry template : templates.current()) {
      // One whose snapshot is not there cannot be leased; its entry would lead nowhere.
      if (known.containsKey(template.snapshotId())) {
        wanted.put(template.key(), template);
      }
    }
    if (!isCurrent(wanted)) {
      if (wanted.isEmpty() && file == null) {
        release();
      } else {
        write(wanted, withdrawn);
      }
    }
    publish();
    return status(wanted, null);
  }

  private boolean isCurrent(Map<String, IndexEntry> wanted) {
    if (current == null) {
      return false;
    }
    try {
      return wanted.equals(current.entries());
    } catch (IndexException e) {
      doubt(e);
      return false;
    }
  }

  private void write(Map<String, IndexEntry> wanted, Runnable withdrawn)
      throws IndexException, IOException {
    if (file != null) {
      try {
        file.equalize(wanted);
        return;
      } catch (IndexException e) {
        if (e.error() != IndexError.FULL) {
          doubt(e);
        }
      }
    }
    // The first file of a process takes seconds, which nobody shall wait for.
    IndexPointer.withdraw(folder);
    withdrawn.run();
    long number = keys.nextGeneration(current == null ? 1 : current.number() + 1);
    IndexFile made = IndexFile.make(folder, number, keys.signer(), keys.verifier(), wanted);
    release();
    file = made;
    current = made.generation();
    LOG.info("snapshot index {}: {} entries", IndexPointer.fileName(number), wanted.size());
  }

  private void publish() throws IndexException, IOException {
    if (current == null) {
      IndexPointer.withdraw(folder);
    } else if (!Arrays.equals(IndexPointer.read(folder).orElse(null), current.pointer())) {
      IndexPointer.publish(folder, current.pointer());
    }
    removeFilesBut(current == null ? "" : IndexPointer.fileName(current.number()));
  }

  /**
   * Files of generations before, and of writers that were killed. Whoever has one mapped keeps it.
   */
  private void removeFilesBut(String name) throws IOException {
    List<Path> files;
    try (var entries = Files.list(folder)) {
      files =
          entries
              .filter(path -> {
                String file = path.getFileName().toString();
                return file.startsWith(IndexPointer.PREFIX) && !file.equals(name);
              })
              .toList();
    }
    for (Path old : files) {
      Files.deleteIfExists(old);
    }
  }

  /** Lets nobody ask the index any more. */
  IndexKeeper.Status withdraw(IndexException reason) {
    try {
      IndexPointer.withdraw(folder);
    } catch (IOException e) {
      LOG.error("the snapshot index cannot be withdrawn", e);
    }
    release();
    return status(Map.of(), reason);
  }

  /** What is published stays. */
  @Override
  public void close() {
    release();
  }

  private IndexKeeper.Status status(Map<String, IndexEntry> entries, IndexException failure) {
    long snapshotCount =
        entries.values().stream().filter(IndexEntry.SnapshotEntry.class::isInstance).count();
    IndexKeeper.State state =
        failure != null
            ? IndexKeeper.State.WITHDRAWN
            : current == null ? IndexKeeper.State.EMPTY : IndexKeeper.State.PUBLISHED;
    return new IndexKeeper.Status(
        state,
        current == null ? 0 : current.number(),
        (int) snapshotCount,
        entries.size() - (int) snapshotCount,
        rebuilds,
        failure == null ? null : failure.code());
  }
}
