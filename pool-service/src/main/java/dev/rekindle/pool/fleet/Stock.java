package dev.rekindle.pool.fleet;

import dev.rekindle.snapshotter.host.protocol.HostReply;
import java.util.Collection;
import java.util.Optional;

/** What is kept ready, wherever. Thread: one event loop. */
public interface Stock {
  /**
   * Keeps this much ready, from now on, and nothing else.
   *
   * @param wants of each template
   */
  void keep(Collection<PoolWant> wants);

  /**
   * @param snapshotDir a snapshot
   * @return what there is of it in all processes; empty if none has said
   */
  Optional<HostReply.PoolLevel> level(String snapshotDir);
}
