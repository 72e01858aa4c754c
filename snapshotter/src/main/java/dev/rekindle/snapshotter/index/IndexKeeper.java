package dev.rekindle.snapshotter.index;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The service's side of the index: keeps it equal to what lies on disk, on a thread of its own, and
 * looks now and then whether it still is. A failure withdraws the index, so that host processes
 * read manifests directly, and is tried again; it never fails whoever published. Thread: any.
 */
public final class IndexKeeper implements AutoCloseable {
  /** Under the state directory; host processes see it, and need not write to it. */
  public static final String FOLDER = "index";

  /** Where the templates come from. */
  public interface Templates {
    /**
     * @return the current generation of each
     * @throws IOException if they cannot be read
     */
    List<IndexEntry.TemplateEntry> current() throws IOException;
  }

  /** What the index is. */
  public enum State {
    /** Not looked at yet, or not to be asked after a failure. */
    WITHDRAWN,
    /** There is nothing to index. */
    EMPTY,
    /** Equal to the disk; every host process may ask it. */
    PUBLISHED
  }

  /**
   * @param state of the index
   * @param generation of its file; 0 without one
   * @param snapshots in it
   * @param templates in it
   * @param rebuilds files that were made because the one before was damaged
   * @param error code of the last failure, null after a success
   */
  public record Status(
      State state, long generation, int snapshots, int templates, int rebuilds, String error) {}

  private static final Logger LOG = LoggerFactory.getLogger(IndexKeeper.class);
  private static final long LOOK_SECONDS = 30;
  private static final long MIN_RETRY_MILLIS = 1_000;
  private static final long MAX_RETRY_MILLIS = 60_000;

  private final Path folder;
  private final PublishedIndex index;
  private final ScheduledExecutorService thread =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("snapshot-index").factory());

  // Of that thread alone.
  private boolean started;
  private long retryMillis = MIN_RETRY_MILLIS;

  private volatile Status status = new Status(State.WITHDRAWN, 0, 0, 0, 0, null);

  /**
   * @param stateDir the state directory
   * @param keys of this service
   * @param templates read on the index's thread
   */
  public IndexKeeper(Path stateDir, IndexKeys keys, Templates templates) {
    this.folder = stateDir.resolve(FOLDER);
    this.index = new PublishedIndex(folder, stateDir.resolve("snapshots"), keys, templates);
  }

  /**
   * Begins: the index that lies there is withdrawn before this returns, since it may lack what was
   * published last, and is there again once it was compared with the disk.
   *
   * @return done when the index is equal to the disk, or was withdrawn at a failure
   */
  public CompletableFuture<Void> start() {
    Optional<byte[]> left = takeLeft();
    thread.execute(() -> {
      started = true;
      left.ifPresent(index::adopt);
    });
    thread.scheduleWithFixedDelay(this::look, LOOK_SECONDS, LOOK_SECONDS, TimeUnit.SECONDS);
    return update(Set.of());
  }

  private Optional<byte[]> takeLeft() {
    try {
      Files.createDirectories(folder);
      Optional<byte[]> found = IndexPointer.read(folder);
      IndexPointer.withdraw(folder);
      return found;
    } catch (IndexException | IOException e) {
      LOG.warn("the snapshot index that was left cannot be taken up: {}", e.toString());
      return Optional.empty();
    }
  }

  /**
   * Makes the index equal to the disk. What is to be found in it must be there durably.
   *
   * @param leaving snapshots about to be removed
   * @return done when nobody finds in the index what the disk has no longer, nor misses in it what
   *     the disk has: it is equal, or it is withdrawn for as long as a new file of it takes to
   *     make; does not fail
   */
  public CompletableFuture<Void> update(Set<String> leaving) {
    Set<String> ids = Set.copyOf(leaving);
    CompletableFuture<Void> settled = new CompletableFuture<>();
    try {
      thread.execute(() -> run(ids, settled));
    } catch (RejectedExecutionException e) {
      LOG.debug("the index is closed", e);
      settled.complete(null);
    }
    return settled;
  }

  /**
   * @return what the index is now
   */
  public Status status() {
    return status;
  }

  private void run(Set<String> leaving, CompletableFuture<Void> settled) {
    try {
      if (started) {
        equalize(leaving, settled);
      }
    } finally {
      settled.complete(null);
    }
  }

  private void equalize(Set<String> leaving, CompletableFuture<Void> settled) {
    try {
      status = index.equalize(leaving, () -> settled.complete(null));
      retryMillis = MIN_RETRY_MILLIS;
    } catch (IndexException e) {
      failed(e);
    } catch (IOException e) {
      failed(IndexException.of("reading what is to be indexed", e));
    } catch (RuntimeException e) {
      failed(new IndexException(IndexError.UNAVAILABLE, "a defect: " + e, e));
    }
  }

  private void look() {
    run(Set.of(), new CompletableFuture<>());
  }

  private void failed(IndexException e) {
    LOG.warn(
        "the snapshot index is withdrawn, manifests are read directly: {}: {}; again in {} ms",
        e.code(),
        e.getMessage(),
        retryMillis);
    status = index.withdraw(e);
    try {
      thread.schedule(this::look, retryMillis, TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException closed) {
      LOG.debug("the index is closed", closed);
    }
    retryMillis = Math.min(MAX_RETRY_MILLIS, 2 * retryMillis);
  }

  /** Ends; what was published stays for the service to come, which looks at it first. */
  @Override
  public void close() {
    try {
      thread.execute(() -> {
        started = false;
        index.close();
      });
    } catch (RejectedExecutionException e) {
      LOG.debug("closed before", e);
    }
    thread.shutdown();
  }
}
