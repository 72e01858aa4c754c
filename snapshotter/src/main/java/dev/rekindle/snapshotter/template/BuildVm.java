package dev.rekindle.snapshotter.template;

import dev.rekindle.snapshotter.format.Manifest;
import dev.rekindle.snapshotter.format.SnapshotException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** What building a template needs of a VM that boots. Thread: one, the builder's. */
public interface BuildVm extends AutoCloseable {
  /**
   * How a warm-up command ended.
   *
   * @param exitCode −1 where a signal ended it
   * @param signal 0 where none did
   * @param timedOut whether its time was up
   * @param outputTail the last of both its streams
   */
  record Ended(int exitCode, int signal, boolean timedOut, String outputTail) {
    /**
     * @return whether it exited with 0
     */
    public boolean successful() {
      return exitCode == 0 && signal == 0 && !timedOut;
    }
  }

  /**
   * Asks the agent whether it is there, again and again until it is.
   *
   * @param timeout for all attempts together
   * @return completes when it answered
   */
  CompletableFuture<Void> hello(Duration timeout);

  /**
   * Runs a command to its end.
   *
   * @param argv what to run
   * @param timeout after which it is killed
   * @return how it ended; fails where it could not be run
   */
  CompletableFuture<Ended> run(List<String> argv, Duration timeout);

  /**
   * @return completes, with the reason, if the VM stops by itself
   */
  CompletableFuture<String> exited();

  /**
   * @return last lines of the console
   */
  String consoleTail();

  /**
   * Pauses the VM for good and writes it as a snapshot.
   *
   * @param snapshotId of the snapshot to be
   * @param template its template
   * @return the manifest
   * @throws SnapshotException {@code no_space} or {@code io}
   */
  Manifest capture(String snapshotId, String template) throws SnapshotException;

  /** Destroys the VM. */
  @Override
  void close();
}
