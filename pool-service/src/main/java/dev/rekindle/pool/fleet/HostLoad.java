package dev.rekindle.pool.fleet;

import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * The books of one host process: what it holds, keeps ready and may take. Kept by what the service
 * asked for, set right by what the process tells. Thread: one.
 */
final class HostLoad {
  /**
   * What there is of one snapshot.
   *
   * @param parked sandboxes
   * @param shells VMs of its shape
   */
  record Level(int parked, int shells) {
    static final Level NONE = new Level(0, 0);
  }

  private final int slot;
  private final int capacity;
  private final Map<String, Want> held = new HashMap<>();
  private final Map<String, Level> levels = new HashMap<>();
  private final Map<String, Level> assigned = new HashMap<>();
  private final Map<String, Long> servedNanos = new HashMap<>();

  /** Whose sandboxes are or were here, or are to be kept. */
  private final Set<String> templates = new HashSet<>();

  private int parked;
  private String owner;
  private Tenancy tenancy;
  private boolean open = true;

  /**
   * @param slot of the process
   * @param capacity most VMs
   * @param tenancy so far
   */
  HostLoad(int slot, int capacity, Tenancy tenancy) {
    this.slot = slot;
    this.capacity = capacity;
    this.tenancy = tenancy;
  }

  int slot() {
    return slot;
  }

  int capacity() {
    return capacity;
  }

  /** Whether new leases may come: connected, answering, not about to end. */
  boolean isOpen() {
    return open;
  }

  void open(boolean now) {
    open = now;
  }

  /** The template whose processes this is one of; null if none demanded it. */
  String owner() {
    return owner;
  }

  Tenancy tenancy() {
    return tenancy;
  }

  /** Sandboxes held, being made or being unmade. */
  int held() {
    return held.size();
  }

  Collection<String> heldIds() {
    return List.copyOf(held.keySet());
  }

  Set<String> heldTenants() {
    Set<String> tenants = new TreeSet<>();
    held.values().forEach(want -> tenants.add(want.tenant()));
    return tenants;
  }

  int parked() {
    return parked;
  }

  /** Nobody was served, nothing is kept ready. */
  boolean isPristine() {
    return tenancy instanceof Tenancy.Free && templates.isEmpty();
  }

  boolean admits(Want want) {
    return open
        && mayKeep(want.template(), want.own())
        && tenancy.admits(want.tenant(), want.shared());
  }

  /** Whether sandboxes of a template may be in this process, whomever for. */
  boolean mayKeep(String template, boolean own) {
    if (own && owner == null) {
      return tenancy instanceof Tenancy.Free
          && (templates.isEmpty() || templates.equals(Set.of(template)));
    }
    return own ? owner.equals(template) : owner == null;
  }

  boolean hasRoom() {
    return held.size() + parked < capacity;
  }

  Level level(String snapshotDir) {
    return levels.getOrDefault(snapshotDir, Level.NONE);
  }

  /** Enters a sandbox that the process is asked for, or is known to hold. */
  void take(String sandboxId, Want want, long nowNanos) {
    held.put(sandboxId, want);
    templates.add(want.template());
    tenancy = tenancy.with(want.tenant(), want.shared());
    own(want.template(), want.own());
    servedNanos.put(want.snapshotDir(), nowNanos);
    Level level = level(want.snapshotDir());
    if (level.parked() > 0) {
      set(want.snapshotDir(), new Level(level.parked() - 1, level.shells()));
    } else if (level.shells() > 0) {
      set(want.snapshotDir(), new Level(0, level.shells() - 1));
    }
  }

  private void own(String template, boolean own) {
    if (own) {
      owner = template;
    }
  }

  /** Strikes out a sandbox that is gone; false if it was not here. */
  boolean free(String sandboxId) {
    return held.remove(sandboxId) != null;
  }

  /** Whether a snapshot was leased here not longer ago than that. */
  boolean servedSince(String snapshotDir, long nanos) {
    Long last = servedNanos.get(snapshotDir);
    return last != null && last - nanos >= 0;
  }

  /** What the process says it has. */
  void set(String snapshotDir, Level level) {
    Level before =
        level.equals(Level.NONE) ? levels.remove(snapshotDir) : levels.put(snapshotDir, level);
    parked += level.parked() - (before == null ? 0 : before.parked());
  }

  /** Snapshots of which the process is asked to keep something. */
  Map<String, Level> assigned() {
    return assigned;
  }

  /** What the process is to keep ready from now on. */
  void assign(Map<PoolWant, Level> wanted) {
    assigned.clear();
    if (tenancy instanceof Tenancy.Free) {
      templates.clear();
      owner = null;
    }
    wanted.forEach((pool, level) -> {
      assigned.put(pool.snapshotDir(), level);
      templates.add(pool.template());
      own(pool.template(), pool.own());
    });
  }

  @Override
  public String toString() {
    return "host-" + slot + " " + tenancy + " " + owner + " " + held + " " + levels;
  }
}
