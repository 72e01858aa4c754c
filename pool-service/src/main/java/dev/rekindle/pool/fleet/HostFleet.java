package dev.rekindle.pool.fleet;

import dev.rekindle.pool.error.ErrorCode;
import dev.rekindle.pool.error.ServiceException;
import dev.rekindle.pool.hostclient.HostClient;
import dev.rekindle.pool.hostclient.HostLauncher;
import dev.rekindle.snapshotter.host.protocol.HostReply;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * The host processes of a service: which one a lease goes to, what each keeps ready, how many there
 * are. Thread: the event loop it was made on.
 */
public final class HostFleet implements Stock {
  private static final long TICK_MILLIS = 1_000;
  private static final long WAIT_MILLIS = 50_000;
  private static final int ADOPT_SECONDS = 5;

  /**
   * How processes are started.
   *
   * @param launcher starts one
   * @param program a command up to the arguments of its main class
   * @param stateDir passed on
   */
  public record Start(HostLauncher launcher, List<String> program, Path stateDir) {}

  /** Counts processes. */
  public interface Counter {
    /** One is started. */
    void hostStarted();

    /** One that was needed is gone. */
    void hostLost();
  }

  private record Waiting(String sandboxId, Want want, Promise<HostSeat> promise) {}

  private final Vertx vertx;
  private final FleetListener listener;
  private final Roster roster;

  /** By sandbox, those that are held, being made or being unmade. */
  private final Map<String, HostSeat> holders = new HashMap<>();

  private final Deque<Waiting> waiting = new ArrayDeque<>();
  private Collection<PoolWant> wants = List.of();
  private boolean stockIsShort;
  private boolean scalesLater;
  private boolean stopping;

  /**
   * @param vertx on one of whose event loops this is called
   * @param limits how many
   * @param start how
   * @param listener told of lost sandboxes
   * @param counter told of processes that start and die
   */
  public HostFleet(
      Vertx vertx, FleetLimits limits, Start start, FleetListener listener, Counter counter) {
    this.vertx = vertx;
    this.listener = listener;
    this.roster = new Roster(vertx, limits, start, new Changes(counter));
  }

  /**
   * @return how many there may be
   */
  public FleetLimits limits() {
    return roster.limits();
  }

  /** Starts the spares, or one process if none are wanted; does not wait for them. */
  public void start() {
    vertx.setPeriodic(TICK_MILLIS, _ -> tick());
    scale();
    if (roster.seats().isEmpty()) {
      roster.startOne();
    }
  }

  private void tick() {
    roster.tick();
    replan();
    scale();
    serveWaiting();
  }

  private final class Changes implements Roster.Listener {
    private final Counter counter;

    Changes(Counter counter) {
      this.counter = counter;
    }

    @Override
    public void started() {
      counter.hostStarted();
    }

    @Override
    public void died() {
      counter.hostLost();
    }

    @Override
    public void ready(HostSeat seat) {
      replan();
      serveWaiting();
      scale();
    }

    @Override
    public void sandboxExited(HostSeat seat, String id, String reason, String consoleTail) {
      free(id, seat);
      listener.sandboxExited(id, reason, consoleTail);
    }

    @Override
    public void lost(HostSeat seat) {
      List<String> gone = new ArrayList<>(seat.load().heldIds());
      gone.removeIf(id -> !seat.equals(holders.get(id)));
      gone.forEach(id -> free(id, seat));
      if (!gone.isEmpty()) {
        listener.hostLost(gone);
      }
      scale();
    }

    @Override
    public void ended() {
      replan();
      scale();
    }
  }

  private void scale() {
    long later = roster.scale(kindsWaiting(), stockIsShort);
    if (later > 0 && !scalesLater) {
      scalesLater = true;
      vertx.setTimer(
          later,
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

  /**
   * Finds a process for a sandbox, waiting up to 50 s for one that is being started.
   *
   * @param sandboxId of it; in the books from then on, until {@link #free}
   * @param want what it is
   * @return the process; or a failure {@code pool.exhausted} or {@code host.unavailable}
   */
  public Future<HostSeat> place(String sandboxId, Want want) {
    HostSeat seat = tryPlace(sandboxId, want);
    if (seat != null) {
      return Future.succeededFuture(seat);
    }
    if (!makeRoom(want)) {
      return Future.failedFuture(
          new ServiceException(
              ErrorCode.POOL_EXHAUSTED,
              roster.seats().size()
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
        "no host process within 50 s; see its log in the state directory");
  }

  private HostSeat tryPlace(String sandboxId, Want want) {
    HostLoad best = Placement.choose(roster.loads(), want);
    if (best == null) {
      return null;
    }
    boolean spareTaken = best.isPristine();
    HostSeat seat = roster.seat(best.slot());
    take(sandboxId, want, seat);
    if (spareTaken) {
      scale();
    }
    return seat;
  }

  private void take(String sandboxId, Want want, HostSeat seat) {
    seat.load().take(sandboxId, want, System.nanoTime());
    holders.put(sandboxId, seat);
  }

  /**
   * Whether a process may come that takes this: one that is about to be there, or there is place
   * for, if need be that of one without leases that may not serve it.
   */
  private boolean makeRoom(Want want) {
    Collection<HostSeat> seats = roster.seats();
    if (!roster.isFull() || seats.stream().anyMatch(s -> !s.isReady() || s.isLeaving())) {
      return true;
    }
    Optional<HostSeat> idle =
        seats.stream()
            .filter(s -> s.load().held() == 0 && !s.load().admits(want))
            .max(Comparator.comparingLong(HostSeat::idleNanos));
    idle.ifPresent(roster::end);
    return idle.isPresent();
  }

  private void serveWaiting() {
    for (Waiting next : List.copyOf(waiting)) {
      if (!next.promise.future().isComplete()) {
        HostSeat seat = tryPlace(next.sandboxId, next.want);
        if (seat != null) {
          next.promise.complete(seat);
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
    free(sandboxId, holders.get(sandboxId));
  }

  private void free(String sandboxId, HostSeat seat) {
    if (seat != null) {
      holders.remove(sandboxId, seat);
      seat.load().free(sandboxId);
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

  /**
   * @param sandboxId a sandbox that was placed
   * @return what a later service must know to find it; empty if its process is gone
   */
  public Optional<KnownHost> known(String sandboxId) {
    return Optional.ofNullable(holders.get(sandboxId)).map(KnownHost::of);
  }

  /**
   * Takes over a process that an earlier service started, with the sandboxes it is known to hold.
   * What else is in it is released; without any of them it is ended.
   *
   * @param known which
   * @param sandboxes leased in it, by id
   * @return those of them that are there; fails if the process is not
   */
  public Future<Set<String>> adopt(KnownHost known, Map<String, Want> sandboxes) {
    HostSeat seat = roster.adopt(known);
    return seat == null
        ? Future.failedFuture(noHost())
        : new Adoption(seat, sandboxes, this::take).begin();
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
    StockPlan plan = StockPlan.of(wants, roster.loads(), System.nanoTime());
    stockIsShort = plan.isShort();
    for (HostSeat seat : roster.seats()) {
      if (seat.load().isOpen()) {
        seat.tell(plan.shares().getOrDefault(seat.load(), Map.of()));
      }
    }
  }

  @Override
  public Optional<HostReply.PoolLevel> level(String snapshotDir) {
    return Levels.sum(roster.seats(), snapshotDir);
  }

  /**
   * @return whether a process is connected
   */
  public boolean ready() {
    return roster.seats().stream().anyMatch(HostSeat::isReady);
  }

  /**
   * @return how many processes were started so far
   */
  public int starts() {
    return roster.starts();
  }

  /**
   * Asks all processes for their counts.
   *
   * @return each process; counts that do not come are those of before
   */
  public Future<List<HostView>> views() {
    List<Future<?>> asked = new ArrayList<>();
    for (HostSeat seat : roster.seats()) {
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
    return roster.seats().stream()
        .map(seat -> HostView.of(seat, roster.losses(seat.load().slot())))
        .toList();
  }

  /**
   * Takes over all processes that an earlier service has left, as {@link #adopt} does; those that
   * do not answer within 5 s are killed, and what is left of others is removed.
   *
   * @param sandboxes leased, by id
   * @return those of them that are there
   */
  public Future<Set<String>> takeOver(Map<String, Want> sandboxes) {
    return vertx
        .executeBlocking(() -> Leftovers.find(roster.runFolder()), false)
        .compose(left -> {
          Set<String> there = new HashSet<>();
          List<Future<?>> answers = new ArrayList<>();
          for (Leftovers.Left one : left) {
            answers.add(
                adopt(one.known(), sandboxes)
                    .timeout(ADOPT_SECONDS, TimeUnit.SECONDS)
                    .onSuccess(there::addAll)
                    .onFailure(_ -> Leftovers.kill(one.record(), one.process())));
          }
          return Future.join(answers).transform(_ -> Future.succeededFuture(there));
        });
  }

  /**
   * Lets go of all processes, which run on with all they hold, for a successor.
   *
   * @return done when no connection is left
   */
  public Future<Void> leave() {
    stopping = true;
    List.copyOf(waiting).forEach(w -> w.promise.tryFail(noHost()));
    return roster.leave();
  }

  /**
   * Ends all processes in order, by force after 10 s.
   *
   * @return done when they are gone
   */
  public Future<Void> stop() {
    stopping = true;
    List.copyOf(waiting).forEach(w -> w.promise.tryFail(noHost()));
    return roster.stop();
  }
}
