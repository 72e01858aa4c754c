package dev.rekindle.snapshotter.restore;

import dev.rekindle.snapshotter.agent.CloneIdentity;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/** What making a clone unique needs of a VM whose vCPUs have not run yet since the restore. */
public interface RestoredVm extends AutoCloseable {
  /**
   * Puts a new, random VM generation id before the guest's eyes and has it interrupted for that
   * when it runs.
   *
   * @return the 16 bytes
   */
  byte[] renewGenerationId();

  /** Tells the running guest that all connections it knew are gone. */
  void resetConnections();

  /** Lets the vCPUs run. */
  void resume();

  /**
   * Connects to the agent, again and again until it takes the connection. What it says is learned
   * with its first answer; which protocol it speaks was, when the snapshot was made.
   *
   * @param timeout for all attempts together
   * @return completes when it is connected; fails with {@link
   *     java.util.concurrent.TimeoutException}
   */
  CompletableFuture<Void> reach(Duration timeout);

  /**
   * Gives the agent its new identity; may be repeated.
   *
   * @param identity new
   * @param timeout for the answer
   * @return completes when the agent has taken all of it, fails where it could not
   */
  CompletableFuture<Void> identity(CloneIdentity identity, Duration timeout);

  /**
   * @return completes, with the reason, if the VM stops by itself
   */
  CompletableFuture<String> exited();

  /**
   * @return last lines of the console
   */
  String consoleTail();

  /** Destroys the VM. */
  @Override
  void close();
}
