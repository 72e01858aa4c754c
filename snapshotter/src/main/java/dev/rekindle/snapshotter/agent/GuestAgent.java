package dev.rekindle.snapshotter.agent;

import dev.rekindle.snapshotter.host.protocol.HostRequest;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/** The agent inside one guest, as this module needs it. Thread: any; nothing blocks. */
public interface GuestAgent {
  /**
   * Asks the agent whether it is there, again and again until it is.
   *
   * @param timeout for all attempts together
   * @return completes when it answered; fails with {@link java.util.concurrent.TimeoutException}
   */
  CompletableFuture<Void> hello(Duration timeout);

  /**
   * Connects to the agent, again and again until it takes the connection; the next call needs none.
   *
   * @param timeout for all attempts together
   * @return completes when it is connected; fails with {@link
   *     java.util.concurrent.TimeoutException}
   */
  CompletableFuture<Void> reach(Duration timeout);

  /**
   * Gives the agent its new identity, and the wall clock's time at the moment of sending.
   *
   * @param identity new
   * @param timeout for the answer
   * @return completes when the agent has taken all of it, fails where it could not
   */
  CompletableFuture<Void> identity(CloneIdentity identity, Duration timeout);

  /**
   * Starts a command.
   *
   * @param command what to run; its sandbox id and output limit are not the agent's business
   * @param observer told of it, one call at a time
   * @return to feed, slow down or kill it
   */
  ExecSession exec(HostRequest.Exec command, ExecObserver observer);

  /** Closes the connection that is kept between calls; the next call makes another. */
  void hangUp();
}
