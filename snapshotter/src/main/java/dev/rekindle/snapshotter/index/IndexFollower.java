package dev.rekindle.snapshotter.index;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The index as a host process has it: looks which file it is at each question, maps that one, and
 * never goes back to an older. It is asked once for each load of a snapshot, so one lock serves.
 * Thread: any.
 */
public final class IndexFollower implements AutoCloseable {
  /**
   * What a question came to.
   *
   * @param indexed whether there is an index at all; if not, nobody can say
   * @param entry of the snapshot asked for, if it has one
   */
  public record Answer(boolean indexed, Optional<IndexEntry.SnapshotEntry> entry) {}

  /**
   * What the process's reader did so far.
   *
   * @param generation of the file that is mapped; 0 if none is
   * @param entries in it
   * @param reads how often it was asked for an entry
   * @param rejected values and pointers that were not believed
   * @param unindexed snapshots that were loaded while there was no index
   */
  public record Counts(long generation, int entries, long reads, long rejected, long unindexed) {}

  private static final Logger LOG = LoggerFactory.getLogger(IndexFollower.class);

  /** A pointer may name a file that was replaced before it was opened. */
  private static final int OPENS = 3;

  private final Path folder;
  private final Supplier<IndexVerifier> verifiers;
  private final ReadCounts counts = new ReadCounts();
  private IndexVerifier verifier;
  private IndexGeneration current;
  private long newest;

  /**
   * @param stateDir the state directory
   * @param publicKey the service's; see {@link IndexKeys#publicKey}
   */
  public IndexFollower(Path stateDir, String publicKey) {
    this.folder = stateDir.resolve(IndexKeeper.FOLDER);
    // Loading the provider takes tens of milliseconds, which nobody's start shall wait for.
    this.verifiers = () -> IndexVerifier.of(publicKey);
  }

  /**
   * Maps the current file, so that the first question finds it so.
   *
   * @throws IndexException {@code damaged}, {@code signature_invalid}, {@code replayed} or {@code
   *     io}
   */
  public synchronized void refresh() throws IndexException {
    try {
      follow();
    } catch (IndexException e) {
      counts.rejected();
      throw e;
    }
  }

  /**
   * @param snapshotId which
   * @return what the index says of it
   * @throws IndexException as {@link #refresh}: there is something, and it is not believed
   */
  public synchronized Answer ask(String snapshotId) throws IndexException {
    refresh();
    if (current == null) {
      counts.unindexed();
      return new Answer(false, Optional.empty());
    }
    return new Answer(true, current.index().snapshot(snapshotId));
  }

  private void follow() throws IndexException {
    for (int open = 1; ; open++) {
      Optional<byte[]> found = IndexPointer.read(folder);
      if (found.isEmpty()) {
        unmap();
        return;
      }
      if (current != null && Arrays.equals(found.get(), current.pointer())) {
        return;
      }
      if (verifier == null) {
        verifier = verifiers.get();
      }
      try {
        follow(IndexGeneration.open(folder, found.get(), verifier, counts));
        return;
      } catch (IndexException e) {
        if (e.error() != IndexError.DAMAGED || open == OPENS) {
          throw e;
        }
      }
    }
  }

  private void follow(IndexGeneration next) throws IndexException {
    if (next.number() < newest) {
      next.close();
      throw new IndexException(
          IndexError.REPLAYED,
          "the pointer is of generation " + next.number() + ", after " + newest);
    }
    unmap();
    current = next;
    newest = next.number();
  }

  private void unmap() {
    if (current != null) {
      current.close();
    }
    current = null;
  }

  /**
   * @return what was read so far
   */
  public synchronized Counts counts() {
    int entries;
    try {
      entries = current == null ? 0 : current.size();
    } catch (IndexException e) {
      LOG.debug("the index's file cannot be read", e);
      entries = 0;
    }
    return new Counts(
        current == null ? 0 : current.number(),
        entries,
        counts.reads(),
        counts.rejections(),
        counts.withoutIndex());
  }

  @Override
  public synchronized void close() {
    unmap();
  }
}
