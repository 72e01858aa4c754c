package dev.rekindle.pool.fleet;

import dev.rekindle.snapshotter.host.protocol.HostReply;
import java.util.Collection;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * A host process, for people.
 *
 * @param name of its slot
 * @param pid as this machine's kernel numbers it; 0 before it is started
 * @param state {@code starting}, {@code ready}, {@code silent} (it owes an answer and gets no
 *     leases) or {@code leaving}
 * @param uptimeSeconds since it was started
 * @param restarts how often a process of this slot was lost
 * @param sandboxes leased, being made or being unmade
 * @param capacity most VMs
 * @param tenancy {@code free}, {@code only}, {@code shared} or {@code unknown}
 * @param tenants whom it serves now
 * @param template whose alone it is, or null
 * @param stock by snapshot folder, what it keeps ready
 * @param stats what it told last
 */
public record HostView(
    String name,
    long pid,
    String state,
    long uptimeSeconds,
    int restarts,
    int sandboxes,
    int capacity,
    String tenancy,
    Collection<String> tenants,
    String template,
    Map<String, Kept> stock,
    Optional<HostReply.Stats> stats) {
  /**
   * What is kept of one snapshot.
   *
   * @param parked sandboxes there
   * @param shells VMs of its shape there
   * @param parkedWanted sandboxes to be kept
   * @param shellsWanted VMs to be kept
   */
  public record Kept(int parked, int shells, int parkedWanted, int shellsWanted) {}

  static HostView of(HostSeat seat, int restarts) {
    HostLoad load = seat.load();
    Map<String, Kept> stock = new TreeMap<>();
    load.assigned()
        .forEach((dir, wanted) -> {
          HostLoad.Level level = load.level(dir);
          stock.put(
              dir, new Kept(level.parked(), level.shells(), wanted.parked(), wanted.shells()));
        });
    return new HostView(
        seat.process().spec().name(),
        seat.process().pid(),
        state(seat),
        seat.process().ageNanos() / 1_000_000_000,
        restarts,
        load.held(),
        load.capacity(),
        load.tenancy().getClass().getSimpleName().toLowerCase(Locale.ROOT),
        load.heldTenants(),
        load.owner(),
        stock,
        seat.process().stats());
  }

  private static String state(HostSeat seat) {
    if (seat.isLeaving()) {
      return "leaving";
    } else if (!seat.isReady()) {
      return "starting";
    }
    return seat.load().isOpen() ? "ready" : "silent";
  }
}
