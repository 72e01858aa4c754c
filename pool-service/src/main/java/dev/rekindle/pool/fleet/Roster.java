package dev.rekindle.pool.fleet;

import dev.rekindle.pool.hostclient.HostProcess;
import dev.rekindle.pool.hostclient.HostSpec;
import dev.rekindle.pool.hostclient.HostWatcher;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.net.NetClient;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The processes themselves: started within the limits, replaced with a delay that doubles up to 5 s
 * while they die at once, ended when nobody needs them. Thread: one event loop.
 */
final class Roster {
  private static final Logger LOG = LoggerFactory.getLogger(Roster.class);
  private static final SecureRandom RANDOM = new SecureRandom();
  private static final long FIRST_DELAY_MILLIS = 100;
  private static final long LONGEST_DELAY_MILLIS = 5_000;

  /** One that dies younger than this died at once. */
  private static final long YOUNG_NANOS = TimeUnit.SECONDS.toNanos(10);

  /**
   * One that has not answered for this long gets no leases until it does. Longer than a process may
   * take to answer that shares one emulated processor with its guests, as in the lab.
   */
  private static final long SILENT_NANOS = TimeUnit.SECONDS.toNanos(20);

  /** One that has not answered for this long is killed: what it holds could not be ended. */
  private static final long DEAD_NANOS = TimeUnit.SECONDS.toNanos(120);

  /** Told what becomes of the processes. */
  interface Listener {
    void ready(HostSeat seat);

    void sandboxExited(HostSeat seat, String sandboxId, String reason, String consoleTail);

    void lost(HostSeat seat);

    /** A place is free. */
    void ended();

    void started();

    /** One that was needed is gone. */
    void died();
  }

  private final Vertx vertx;
  private final NetClient net;
  private final FleetLimits limits;
  private final HostFleet.Start start;
  private final Listener listener;

  /** By slot, until nothing of the process is left. */
  private final Map<Integer, HostSeat> seats = new TreeMap<>();

  /** By slot, how often its process was lost. */
  private final Map<Integer, Integer> losses = new HashMap<>();

  private int starts;
  private int failures;
  private long notBeforeNanos = System.nanoTime();
  private boolean stopping;

  Roster(Vertx vertx, FleetLimits limits, HostFleet.Start start, Listener listener) {
    this.vertx = vertx;
    this.net = vertx.createNetClient();
    this.limits = limits;
    this.start = start;
    this.listener = listener;
  }

  FleetLimits limits() {
    return limits;
  }

  Collection<HostSeat> seats() {
    return seats.values();
  }

  HostSeat seat(int slot) {
    return seats.get(slot);
  }

  List<HostLoad> loads() {
    return seats.values().stream().map(HostSeat::load).toList();
  }

  int starts() {
    return starts;
  }

  int losses(int slot) {
    return losses.getOrDefault(slot, 0);
  }

  boolean isFull() {
    return seats.size() >= limits.maxHosts();
  }

  /** Looks after those that do not answer, and those that nobody needs. */
  void tick() {
    for (HostSeat seat : List.copyOf(seats.values())) {
      long silent = seat.process().silentNanos();
      if (silent > DEAD_NANOS && !seat.isLeaving()) {
        LOG.error("{} has not answered for {} s", seat.name(), silent / 1_000_000_000);
        seat.process().kill();
      }
      seat.load().open(seat.isReady() && !seat.isLeaving() && silent < SILENT_NANOS);
      if (silent >= SILENT_NANOS) {
        seat.giveUpMaking();
      }
    }
    retire();
  }

  private void retire() {
    int surplus = scaling().surplus();
    for (HostSeat seat : List.copyOf(seats.values())) {
      boolean old = seat.idleNanos() >= TimeUnit.SECONDS.toNanos(limits.idleSeconds());
      if (!seat.load().isOpen() || seat.load().held() > 0) {
        continue;
      }
      Tenancy tenancy = seat.load().tenancy();
      if (old && seat.load().isPristine()) {
        if (surplus-- > 0) {
          end(seat);
        }
      } else if (old && !(tenancy instanceof Tenancy.Free) || tenancy instanceof Tenancy.Unknown) {
        end(seat);
      }
    }
  }

  void end(HostSeat seat) {
    LOG.info("{} is not needed any more", seat.name());
    seat.leave();
    seat.process().stop();
  }

  private Scaling scaling() {
    int pristine = 0;
    int starting = 0;
    for (HostSeat seat : seats.values()) {
      if (!seat.isLeaving()) {
        starting += seat.isReady() ? 0 : 1;
        pristine += seat.isReady() && seat.load().isPristine() ? 1 : 0;
      }
    }
    return new Scaling(seats.size(), starting, pristine, limits.spareHosts(), limits.maxHosts());
  }

  /**
   * Starts what is missing.
   *
   * @return milliseconds after which to try again, while they die at once; 0 otherwise
   */
  long scale(int kindsWaiting, boolean stockIsShort) {
    int count = stopping ? 0 : scaling().toStart(kindsWaiting, stockIsShort);
    long delay = notBeforeNanos - System.nanoTime();
    if (count > 0 && delay > 0) {
      return delay / 1_000_000 + 1;
    }
    for (int i = 0; i < count; i++) {
      startOne();
    }
    return 0;
  }

  void startOne() {
    int slot = 0;
    while (seats.containsKey(slot)) {
      slot++;
    }
    starts++;
    listener.started();
    // A folder of its own, since it is all that the process can write to.
    seat(slot, Leftovers.socket(runFolder(), slot, RANDOM.nextLong()), Tenancy.FREE)
        .process()
        .start(start.launcher());
  }

  Path runFolder() {
    return start.stateDir().resolve("run");
  }

  private HostSeat seat(int slot, Path socket, Tenancy tenancy) {
    List<String> program = new ArrayList<>(start.program());
    program.addAll(List.of("--reconnect", Integer.toString(limits.reconnectSeconds())));
    HostSpec spec =
        new HostSpec(
            slot,
            program,
            socket,
            start.stateDir(),
            start.stateDir().resolve("logs").resolve("host-" + slot + ".log"),
            Math.min(limits.shells(), limits.vmsPerHost() - 1));
    HostProcess process = new HostProcess(vertx, net, spec, new Watch());
    HostSeat seat = new HostSeat(process, new HostLoad(slot, limits.vmsPerHost(), tenancy));
    seat.load().open(false);
    seats.put(slot, seat);
    return seat;
  }

  /** Connects to a process of an earlier service; null if it is not there any more. */
  HostSeat adopt(KnownHost known) {
    ProcessHandle process = known.find().orElse(null);
    if (process == null || seats.containsKey(known.slot())) {
      return null;
    }
    HostSeat seat = seat(known.slot(), Path.of(known.socket()), new Tenancy.Unknown());
    start.launcher().adopt(seat.process().spec(), process);
    seat.process().adopt(process);
    return seat;
  }

  private final class Watch implements HostWatcher {
    @Override
    public void ready(HostProcess host) {
      HostSeat seat = seats.get(host.spec().slot());
      if (stopping) {
        host.stop();
        return;
      }
      seat.load().open(true);
      seat.busy();
      LOG.info("{} is ready, pid {}", seat.name(), host.pid());
      listener.ready(seat);
    }

    @Override
    public void sandboxExited(HostProcess host, String id, String reason, String consoleTail) {
      listener.sandboxExited(seats.get(host.spec().slot()), id, reason, consoleTail);
    }

    @Override
    public void stockChanged(HostProcess host, String snapshotDir, int parked, int shells) {
      seats.get(host.spec().slot()).stockIs(snapshotDir, parked, shells);
    }

    @Override
    public void lost(HostProcess host, String why) {
      HostSeat seat = seats.get(host.spec().slot());
      if (!seat.isLeaving() && !stopping) {
        LOG.warn("{} (pid {}) is lost: {}", seat.name(), host.pid(), why);
        losses.merge(host.spec().slot(), 1, Integer::sum);
        listener.died();
        backOff(host);
      }
      seat.leave();
      listener.lost(seat);
    }

    private void backOff(HostProcess host) {
      failures = host.ageNanos() < YOUNG_NANOS ? failures + 1 : 0;
      if (failures > 0) {
        long delay =
            Math.min(LONGEST_DELAY_MILLIS, FIRST_DELAY_MILLIS << Math.min(failures - 1, 10));
        notBeforeNanos = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(delay);
      }
    }

    @Override
    public void ended(HostProcess host) {
      seats.remove(host.spec().slot());
      listener.ended();
    }
  }

  /** Lets go of all, which run on. */
  Future<Void> leave() {
    stopping = true;
    return Future.join(seats.values().stream().map(seat -> seat.process().leave()).toList())
        .mapEmpty();
  }

  /** Ends all, in order. */
  Future<Void> stop() {
    stopping = true;
    return Future.join(seats.values().stream().map(seat -> seat.process().stop()).toList())
        .mapEmpty();
  }
}
