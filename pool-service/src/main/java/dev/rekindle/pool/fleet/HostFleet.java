package dev.rekindle.pool.fleet;

import dev.rekindle.pool.error.ErrorCode;
import dev.rekindle.pool.error.ServiceException;
import dev.rekindle.pool.hostclient.HostClient;
import dev.rekindle.pool.hostclient.HostLauncher;
import dev.rekindle.pool.hostclient.HostProcess;
import dev.rekindle.pool.hostclient.HostSpec;
import dev.rekindle.pool.hostclient.HostWatcher;
import dev.rekindle.snapshotter.host.protocol.HostReply;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.net.NetClient;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The host processes of a service: as many as are needed, within limits, each replaced when it
 * dies, with a delay that doubles up to 5 s while they die at once. Thread: the event loop it was
 * made on.
 */
public final class HostFleet implements Stock {
  private static final Logger LOG = LoggerFactory.getLogger(HostFleet.class);
  private static final long TICK_MILLIS = 1_000;
  private static final long WAIT_MILLIS = 30_000;
  private static final long FIRST_DELAY_MILLIS = 100;
  private static final long LONGEST_DELAY_MILLIS = 5_000;

  /** One that dies younger than this died at once. */
  private static final long YOUNG_NANOS = TimeUnit.SECONDS.toNanos(10);

  /** One that has not answered for this long gets no leases until it does. */
  private static final long SILENT_NANOS = TimeUnit.SECONDS.toNanos(3);

  /** One that has not answered for this long is killed: what it holds could not be ended. */
  private static final long DEAD_NANOS = TimeUnit.SECONDS.toNanos(60);

  /**
   * How processes are started.
   *
   * @param launcher starts one
   * @param program a command up to the arguments of its main class
   * @param stateDir passed on
   */
  public record Start(HostLauncher launcher, List<String> program, Path stateDir) {}

  private record Waiting(String sandboxId, Want want, Promise<HostClient> promise) {}

  private final Vertx vertx;
  private final NetClient net;
  private final FleetLimits limits;
  private final Start start;
  private final FleetListener listener;
  private final Runnable onStart;

  /** By slot, until nothing of the process is left. */
  private final Map<Integer, HostSeat> seats = new TreeMap<>();

  /** By sandbox, those that are held, being made or being unmade. */
  private final Map<String, HostSeat> holders = new HashMap<>();

  /** By slot, how often its process was lost. */
  private final Map<Integer, Integer> losses = new HashMap<>();

  private final Deque<Waiting> waiting = new ArrayDeque<>();
  private Collection<PoolWant> wants = List.of();
  private boolean stockIsShort;
  private int starts;
  private int failures;
  private long notBeforeNanos = System.nanoTime();
  private boolean scalesLater;
  private boolean stopping;

  /**
   * @param vertx on one of whose event loops this is called
   * @param limits how many
   * @param start how
   * @param listener told of lost sandboxes
   * @param onStart called at each start
   */
  public HostFleet(
      Vertx vertx, FleetLimits limits, Start start, FleetListener listener, Runnable onStart) {
    this.vertx = vertx;
    this.net = vertx.createNetClient();
    this.limits = limits;
    this.start = start;
    this.listener = listener;
    this.onStart = onStart;
  }

  /**
   * @return how many there may be
   */
  public FleetLimits limits() {
    return limits;
  }

  /** Starts the spares, or one process if none are wanted; does not wait for them. */
  public void start() {
    vertx.setPeriodic(TICK_MILLIS, _ -> tick());
    scale();
    if (seats.isEmpty()) {
      startOne();
    }
  }

  private void tick() {
    for (HostSeat seat : List.copyOf(seats.values())) {
      long silent = seat.process().silentNanos();
      if (silent > DEAD_NANOS && !seat.isLeaving()) {
        LOG.error("{} has not answered for {} s", name(seat), silent / 1_000_000_000);
        seat.process().kill();
      }
      seat.load().open(seat.isReady() && !seat.isLeaving() && silent < SILENT_NANOS);
    }
    retire();
    replan();
    scale();
    serveWaiting();
  }

  /** Ends those that nobody has needed for long. */
  private void retire() {
    int surplus = scaling().surplus();
    for (HostSeat seat : List.copyOf(seats.values())) {
      if (!seat.load().isOpen()
          || seat.idleNanos() < TimeUnit.SECONDS.toNanos(limits.idleSeconds())) {
        continue;
      }
      if (seat.load().isPristine()) {
        if (surplus-- > 0) {
          end(seat);
        }
      } else if (!(seat.load().tenancy() instanceof Tenancy.Free)) {
        end(seat);
      }
    }
  }

  private void end(HostSeat seat) {
    LOG.info("{} is not needed any more", name(seat));
    seat.leave();
    seat.process().stop();
  }

  private Scaling scaling() {
    int pristine =
        (int) seats.values().stream().filter(HostSeat::isReady).filter(this::isSpare).count();
    int starting =
        (int) seats.values().stream().filter(s -> !s.isReady() && !s.isLeaving()).count();
    return new Scaling(seats.size(), starting, pristine, limits.spareHosts(), limits.maxHosts());
  }

  private boolean isSpare(HostSeat seat) {
    return !seat.isLeaving() && seat.load().isPristine();
  }

  private void scale() {
    if (stopping) {
      return;
    }
    int count = scaling().toStart(kindsWaiting(), stockIsShort);
    long delay = notBeforeNanos - System.nanoTime();
    if (count > 0 && delay > 0) {
      scaleLater(delay / 1_000_000 + 1);
      return;
    }
    for (int i = 0; i < count; i++) {
      startOne();
    }
  }

  private void scaleLater(long millis) {
    if (!scalesLater) {
      scalesLater = true;
      vertx.setTimer(
          millis,
          _ -> {
            scalesLater = false;
            scale();
          });
    }
  }

  /** Acquires of the same kind can wait for the same process. */
  private int kindsWaiting() {
    return (int)
        waiting.stream()
            .map(w -> w.want.tenant() + '/' + (w.want.own() ? w.want.template() : ""))
            .distinct()
            .count();
  }

  private void startOne() {
    int slot = 0;
    while (seats.containsKey(slot)) {
      slot++;
    }
    starts++;
    onStart.run();
    HostProcess process = new HostProcess(vertx, net, spec(slot), new Watch());
    seats.put(slot, new HostSeat(process, new HostLoad(slot, limits.vmsPerHost(), Tenancy.FREE)));
    seats.get(slot).load().open(false);
    process.start(start.launcher());
  }

  private HostSpec spec(int slot) {
    // A folder of its own, since it is all that the process can write to.
    Path socket = Path.of("host-" + slot, ProcessHandle.current().pid() + "-" + starts + ".sock");
    return new HostSpec(
        slot,
        start.program(),
        start.stateDir().resolve("run").resolve(socket),
        start.stateDir(),
        start.stateDir().resolve("logs").resolve("host-" + slot + ".log"),
        limits.shells());
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
      LOG.info("{} is ready, pid {}", name(seat), host.pid());
      replan();
      serveWaiting();
      scale();
    }

    @Override
    public void sandboxExited(HostProcess host, String id, String reason, String consoleTail) {
      free(id);
      listener.sandboxExited(id, reason, consoleTail);
    }

    @Override
    public void lost(HostProcess host, String why) {
      HostSeat seat = seats.get(host.spec().slot());
      boolean wanted = !seat.isLeaving() && !stopping;
      seat.leave();
      Collection<String> gone = seat.load().heldIds();
      gone.forEach(HostFleet.this::free);
      if (wanted) {
        LOG.warn("{} (pid {}) is lost: {}", name(seat), host.pid(), why);
        losses.merge(host.spec().slot(), 1, Integer::sum);
        backOff(host);
      }
      if (!gone.isEmpty()) {
        listener.hostLost(gone);
      }
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
      replan();
      scale();
    }
  }

  private static String name(HostSeat seat) {
    return seat.process().spec().name();
  }

  /**
   * Finds a process for a sandbox, waiting up to 30 s for one that is being started.
   *
   * @param sandboxId of it; in the books from then on, until {@link #free}
   * @param want what it is
   * @return the process; or a failure {@code pool.exhausted} or {@code host.unavailable}
   */
  public Future<HostClient> place(String sandboxId, Want want) {
    HostClient client = tryPlace(sandboxId, want);
    if (client != null) {
      return Future.succeededFuture(client);
    }
    if (!makeRoom(want)) {
      return Future.failedFuture(
          new ServiceException(
              ErrorCode.POOL_EXHAUSTED,
              seats.size()
                  + " host processes, the most allowed, have no room for a sandbox of this template"
                  + " and tenant; try again in a second"));
    }
    Waiting entry = new Waiting(sandboxId, want, Promise.promise());
    waiting.add(entry);
    long timer = vertx.setTimer(WAIT_MILLIS, _ -> entry.promise.tryFail(noHost()));
    entry
        .promise
        .future()
        .onComplete(_ -> {
          vertx.cancelTimer(timer);
          waiting.remove(entry);
        });
    scale();
    return entry.promise.future();
  }

  private static ServiceException noHost() {
    return new ServiceException(
        ErrorCode.HOST_UNAVAILABLE,
        "no host process within 30 s; see its log in the state directory");
  }

  private HostClient tryPlace(String sandboxId, Want want) {
    HostLoad best = Placement.choose(loads(), want);
    if (best == null) {
      return null;
    }
    HostSeat seat = seats.get(best.slot());
    boolean spareTaken = best.isPristine();
    best.take(sandboxId, want, System.nanoTime());
    holders.put(sandboxId, seat);
    if (spareTaken) {
      scale();
    }
    return seat.process().client().orElseThrow();
  }

  private List<HostLoad> loads() {
    return seats.values().stream().map(HostSeat::load).toList();
  }

  /**
   * Whether a process may come that takes this: one that is about to be there, or there is place
   * for, if need be that of one without leases that may not serve it.
   */
  private boolean makeRoom(Want want) {
    if (seats.size() < limits.maxHosts()
        || seats.values().stream().anyMatch(s -> !s.isReady() || s.isLeaving())) {
      return true;
    }
    Optional<HostSeat> idle =
        seats.values().stream()
            .filter(s -> s.load().held() == 0 && !s.load().admits(want))
            .max(Comparator.comparingLong(HostSeat::idleNanos));
    idle.ifPresent(this::end);
    return idle.isPresent();
  }

  private void serveWaiting() {
    for (Waiting next : List.copyOf(waiting)) {
      if (!next.promise.future().isComplete()) {
        HostClient client = tryPlace(next.sandboxId, next.want);
        if (client != null) {
          next.promise.complete(client);
        }
      }
    }
  }

  /**
   * Strikes a sandbox out of the books: it is gone, or was never made.
   *
   * @param sandboxId which
   */
  public void free(String sandboxId) {
    HostSeat seat = holders.remove(sandboxId);
    if (seat != null && seat.load().free(sandboxId)) {
      seat.busy();
      serveWaiting();
    }
  }

  /**
   * @param sandboxId a sandbox that was placed
   * @return the process that holds it; empty if that is gone
   */
  public Optional<HostClient> holder(String sandboxId) {
    return Optional.ofNullable(holders.get(sandboxId)).flatMap(seat -> seat.process().client());
  }

  @Override
  public void keep(Collection<PoolWant> now) {
    wants = List.copyOf(now);
    replan();
    scale();
  }

  private void replan() {
    if (stopping) {
      return;
    }
    StockPlan plan = StockPlan.of(wants, loads(), System.nanoTime());
    stockIsShort = plan.isShort();
    seats
        .values()
        .forEach(seat -> {
          if (seat.load().isOpen()) {
            seat.tell(plan.shares().getOrDefault(seat.load(), Map.of()));
          }
        });
  }

  @Override
  public Optional<HostReply.PoolLevel> level(String snapshotDir) {
    return seats.values().stream()
        .filter(HostSeat::isReady)
        .flatMap(seat -> seat.process().stats().stream())
        .flatMap(stats -> stats.pools().stream())
        .filter(level -> level.snapshotDir().equals(snapshotDir))
        .reduce(HostFleet::sum);
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

  /**
   * @return whether a process is connected
   */
  public boolean ready() {
    return seats.values().stream().anyMatch(HostSeat::isReady);
  }

  /**
   * @return how many processes were started so far
   */
  public int starts() {
    return starts;
  }

  /**
   * Asks all processes for their counts.
   *
   * @return each process; counts that do not come are those of before
   */
  public Future<List<HostView>> views() {
    List<Future<?>> asked = new ArrayList<>();
    for (HostSeat seat : seats.values()) {
      if (seat.isReady()) {
        asked.add(seat.learn().timeout(2, TimeUnit.SECONDS));
      }
    }
    return Future.join(asked).transform(_ -> Future.succeededFuture(known()));
  }

  /**
   * @return each process as it is known to be
   */
  public List<HostView> known() {
    return seats.values().stream()
        .map(seat -> HostView.of(seat, losses.getOrDefault(seat.load().slot(), 0)))
        .toList();
  }

  /**
   * Ends all processes in order, by force after 10 s.
   *
   * @return done when they are gone
   */
  public Future<Void> stop() {
    stopping = true;
    List.copyOf(waiting).forEach(w -> w.promise.tryFail(noHost()));
    Stream<Future<Void>> ends = seats.values().stream().map(seat -> seat.process().stop());
    return Future.join(ends.toList()).mapEmpty();
  }
}
