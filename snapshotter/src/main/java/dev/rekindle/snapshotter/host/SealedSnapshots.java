package dev.rekindle.snapshotter.host;

import dev.rekindle.snapshotter.format.SnapshotDigests;
import dev.rekindle.snapshotter.format.SnapshotError;
import dev.rekindle.snapshotter.format.SnapshotException;
import dev.rekindle.snapshotter.host.protocol.HostReply;
import dev.rekindle.snapshotter.index.IndexException;
import dev.rekindle.snapshotter.index.IndexFollower;
import dev.rekindle.snapshotter.restore.SnapshotSeal;
import java.nio.file.Path;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets through snapshots that the service signed in its index, and, while there is no index, those
 * whose own checksums are right. Thread: any.
 */
final class SealedSnapshots implements SnapshotSeal, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(SealedSnapshots.class);

  private final IndexFollower index;

  SealedSnapshots(IndexFollower index) {
    this.index = index;
  }

  /** Maps the index beside the start, which would wait for the signature's classes to be loaded. */
  void warmUp() {
    Thread.ofPlatform()
        .daemon()
        .name("index-open")
        .start(() -> {
          try {
            index.refresh();
          } catch (IndexException e) {
            LOG.warn("the snapshot index: {}: {}", e.code(), e.getMessage());
          }
        });
  }

  @Override
  public void check(Path directory, Supplier<SnapshotDigests> digests) throws SnapshotException {
    String id = directory.getFileName().toString();
    IndexFollower.Answer answer;
    try {
      answer = index.ask(id);
    } catch (IndexException e) {
      throw new SnapshotException(
          SnapshotError.INDEX_REFUSED,
          "the index's entry of " + id + ": " + e.code() + ": " + e.getMessage(),
          e);
    }
    if (!answer.indexed()) {
      return;
    }
    var entry =
        answer
            .entry()
            .orElseThrow(() ->
                new SnapshotException(
                    SnapshotError.NOT_INDEXED, "the index has no snapshot " + id));
    if (!entry.location().equals(id) || !entry.digests().equals(digests.get())) {
      throw new SnapshotException(
          SnapshotError.NOT_AS_SIGNED, "the files of " + id + " are not those that were published");
    }
  }

  HostReply.IndexStats stats() {
    IndexFollower.Counts counts = index.counts();
    return new HostReply.IndexStats(
        counts.generation(),
        counts.entries(),
        counts.reads(),
        counts.rejected(),
        counts.unindexed());
  }

  @Override
  public void close() {
    index.close();
  }
}
