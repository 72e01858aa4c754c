package dev.rekindle.pool.fleet;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What each process keeps ready, so that all together keep what is wanted. A pool's counts are
 * divided evenly among the processes that have leased its template lately; what they have no room
 * for, or all of it if there are none, goes to others, those first that keep something already. A
 * process never has more VMs than it may, those held included. Parked sandboxes of all pools come
 * before shells of any.
 *
 * @param shares of each process, by pool
 * @param isShort whether something is kept nowhere for want of room
 */
record StockPlan(Map<HostLoad, Map<PoolWant, HostLoad.Level>> shares, boolean isShort) {
  private static final long LATELY_NANOS = 300_000_000_000L;

  static StockPlan of(Collection<PoolWant> wants, Collection<HostLoad> loads, long nowNanos) {
    return new Division(loads, nowNanos).divide(wants);
  }

  private static final class Division {
    private final Map<HostLoad, Map<PoolWant, HostLoad.Level>> shares = new LinkedHashMap<>();
    private final Map<HostLoad, Integer> room = new HashMap<>();

    /** Processes that this plan gives to one template alone. */
    private final Map<HostLoad, String> owners = new HashMap<>();

    private final long nowNanos;
    private boolean isShort;

    Division(Collection<HostLoad> loads, long nowNanos) {
      this.nowNanos = nowNanos;
      for (HostLoad load : loads) {
        if (load.isOpen()) {
          shares.put(load, new LinkedHashMap<>());
          room.put(load, Math.max(0, load.capacity() - load.held()));
        }
      }
    }

    StockPlan divide(Collection<PoolWant> wants) {
      for (PoolWant want : wants) {
        divide(want, want.parked(), true);
      }
      for (PoolWant want : wants) {
        divide(want, want.shells(), false);
      }
      return new StockPlan(shares, isShort);
    }

    private void divide(PoolWant want, int count, boolean parked) {
      List<HostLoad> order =
          new ArrayList<>(shares.keySet().stream().filter(l -> mayKeep(l, want)).toList());
      order.sort(Comparator.comparingInt((HostLoad l) -> rank(l, want)));
      int hot = (int) order.stream().filter(l -> isHot(l, want)).count();
      int left = count;
      for (int i = 0; i < order.size() && left > 0; i++) {
        int part = i < hot ? Math.ceilDiv(left, hot - i) : left;
        left -= give(order.get(i), want, part, parked);
      }
      // What one had no room for, another hot one may have.
      for (int i = 0; i < hot && left > 0; i++) {
        left -= give(order.get(i), want, left, parked);
      }
      isShort |= left > 0;
    }

    private boolean mayKeep(HostLoad load, PoolWant want) {
      String owner = owners.get(load);
      if (owner != null) {
        return want.own() && owner.equals(want.template());
      }
      boolean othersHere =
          shares.get(load).keySet().stream().anyMatch(p -> !p.template().equals(want.template()));
      return load.mayKeep(want.template(), want.own()) && !(want.own() && othersHere);
    }

    private boolean isHot(HostLoad load, PoolWant want) {
      return load.servedSince(want.snapshotDir(), nowNanos - LATELY_NANOS);
    }

    private int rank(HostLoad load, PoolWant want) {
      if (isHot(load, want)) {
        return 0;
      }
      if (load.assigned().containsKey(want.snapshotDir())) {
        return 1;
      }
      return load.isPristine() ? 3 : 2;
    }

    private int give(HostLoad load, PoolWant want, int count, boolean parked) {
      int given = Math.min(count, room.get(load));
      if (given > 0) {
        room.merge(load, -given, Integer::sum);
        HostLoad.Level add = new HostLoad.Level(parked ? given : 0, parked ? 0 : given);
        shares
            .get(load)
            .merge(
                want,
                add,
                (a, b) -> new HostLoad.Level(a.parked() + b.parked(), a.shells() + b.shells()));
        if (want.own()) {
          owners.put(load, want.template());
        }
      }
      return given;
    }
  }
}
