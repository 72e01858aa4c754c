package dev.rekindle.pool.fleet;

import java.util.Collection;

/** Told of sandboxes that are gone unasked. Called on the event loop. */
public interface FleetListener {
  /**
   * A sandbox stopped by itself and is gone.
   *
   * @param sandboxId which
   * @param reason see {@code docs/host-protocol.md}
   * @param consoleTail what its guest last wrote
   */
  void sandboxExited(String sandboxId, String reason, String consoleTail);

  /**
   * A host process is gone, and with it every sandbox it held.
   *
   * @param sandboxIds which, those that were being made included
   */
  void hostLost(Collection<String> sandboxIds);
}
