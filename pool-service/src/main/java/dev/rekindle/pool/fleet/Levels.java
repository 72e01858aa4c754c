package dev.rekindle.pool.fleet;

import dev.rekindle.snapshotter.host.protocol.HostReply;
import java.util.Collection;
import java.util.Optional;

/** Counts of several processes together. */
final class Levels {
  private Levels() {}

  static Optional<HostReply.PoolLevel> sum(Collection<HostSeat> seats, String snapshotDir) {
    return seats.stream()
        .filter(HostSeat::isReady)
        .flatMap(seat -> seat.process().stats().stream())
        .flatMap(stats -> stats.pools().stream())
        .filter(level -> level.snapshotDir().equals(snapshotDir))
        .reduce(Levels::sum);
  }

  private static HostReply.PoolLevel sum(HostReply.PoolLevel a, HostReply.PoolLevel b) {
    long made = a.made() + b.made();
    return new HostReply.PoolLevel(
        a.snapshotDir(),
        a.parked() + b.parked(),
        a.parkedWanted() + b.parkedWanted(),
        a.shells() + b.shells(),
        made,
        made == 0 ? 0 : (a.made() * a.makeMicros() + b.made() * b.makeMicros()) / made,
        a.failures() + b.failures(),
        a.lastError() == null ? b.lastError() : a.lastError());
  }
}
