package dev.rekindle.snapshotter.host;

import dev.rekindle.snapshotter.agent.ExecObserver;
import dev.rekindle.snapshotter.agent.ExecSession;
import dev.rekindle.snapshotter.host.protocol.HostRequest;
import java.util.concurrent.CompletableFuture;

/** A VM whose agent has answered. Thread: any. */
public interface Sandbox extends AutoCloseable {
  /**
   * Why a VM stopped by itself.
   *
   * @param reason as in the event {@code sandboxExited}
   * @param consoleTail last lines of the console
   */
  record Exit(String reason, String consoleTail) {}

  /**
   * Starts a command. Does not block; how it went is told to the observer.
   *
   * @param command what to run
   * @param observer told of it, one call at a time, from any thread
   * @return to feed, slow down or kill it
   */
  ExecSession exec(HostRequest.Exec command, ExecObserver observer);

  /**
   * @return completes if the VM stops without having been closed; never fails
   */
  CompletableFuture<Exit> exited();

  /**
   * Ends the guest; returns after its memory is gone, and all of the VM if it is not kept for
   * another guest. Idempotent.
   */
  @Override
  void close();
}
