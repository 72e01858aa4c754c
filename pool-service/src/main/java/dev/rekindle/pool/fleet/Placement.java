package dev.rekindle.pool.fleet;

/**
 * Which process a lease goes to: one with a parked sandbox of the snapshot, else one with a shell,
 * else one with room, else one that has served nobody and keeps nothing (the spare). Among these
 * one of the tenant's own rather than one it would be the first in; among equals the one with the
 * fewest sandboxes. One pass over the processes, a few look-ups each.
 */
final class Placement {
  private Placement() {}

  /** The best of them; null if none can take it. */
  static HostLoad choose(Iterable<HostLoad> loads, Want want) {
    HostLoad best = null;
    int bestRank = 0;
    for (HostLoad load : loads) {
      int rank = rank(load, want);
      if (rank > bestRank || rank == bestRank && rank > 0 && isBetter(load, best)) {
        best = load;
        bestRank = rank;
      }
    }
    return best;
  }

  private static boolean isBetter(HostLoad one, HostLoad other) {
    return one.held() != other.held() ? one.held() < other.held() : one.slot() < other.slot();
  }

  private static int rank(HostLoad load, Want want) {
    if (!load.admits(want) || load.held() >= load.capacity()) {
      return 0;
    }
    HostLoad.Level level = load.level(want.snapshotDir());
    int known = load.tenancy() instanceof Tenancy.Free ? 0 : 1;
    if (level.parked() > 0) {
      return 6 + known;
    }
    if (!load.hasRoom()) {
      return 0;
    }
    if (level.shells() > 0) {
      return 4 + known;
    }
    return load.isPristine() ? 1 : 2 + known;
  }
}
