package dev.rekindle.pool.lease;

import dev.rekindle.metrics.ServiceMetrics;
import dev.rekindle.pool.config.ServiceConfig;
import dev.rekindle.pool.error.ErrorCode;
import dev.rekindle.pool.error.ServiceException;
import dev.rekindle.pool.fleet.FleetListener;
import dev.rekindle.pool.journal.LeaseJournal;
import dev.rekindle.pool.journal.LeaseRecord;
import dev.rekindle.pool.sizing.Pools;
import dev.rekindle.pool.template.TemplateCatalog;
import dev.rekindle.snapshotter.host.protocol.HostReply;
import dev.rekindle.snapshotter.template.Template;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All leases of the service. Acquires are served first come, first served, a bounded number at a
 * time, and wait in a bounded queue; a deadline is kept to 100 ms by the monotonic clock. Thread:
 * one event loop.
 */
public final class LeaseTable implements FleetListener {
  /** Longest time a lease may be asked for, seconds: a day. */
  public static final int MAX_TTL_SECONDS = 86_400;

  private static final Logger LOG = LoggerFactory.getLogger(LeaseTable.class);
  private static final long TICK_MILLIS = 100;

  /** Longest an acquire waits, its restore included. */
  static final int MAX_WAIT_SECONDS = 60;

  /** Counted where a client left before its lease was there. */
  private static final String CLIENT_GONE = "client.gone";

  private static final long SECOND_NANOS = 1_000_000_000L;

  /** Restores at a time: more would only wait for the processors inside the host process. */
  private static final int MAX_ACQUIRING = 4;

  private final ServiceConfig config;
  private final Sandboxes sandboxes;
  private final TemplateCatalog templates;
  private final Pools pools;
  private final ServiceMetrics metrics;
  private final LeaseClock clock;
  private final LeaseObserver observer;
  private final LeaseBook book;
  private final IdempotentAcquires keyed;
  private final AcquireQueue queue = new AcquireQueue();
  private int acquiring;
  private int releasing;
  private boolean stopping;

  /**
   * @param vertx whose event loop this runs on
   * @param config bounds
   * @param sandboxes under the leases
   * @param templates what can be leased
   * @param pools told of what happens; say what they have room for
   * @param metrics told of what happens
   * @param clock of the deadlines
   * @param observer told of each lease
   * @param journal of the leases, from which those of a service before are taken over
   * @throws IOException if the service's secret cannot be read or written
   * @throws ServiceException if the journal cannot be written
   */
  public LeaseTable(
      Vertx vertx,
      ServiceConfig config,
      Sandboxes sandboxes,
      TemplateCatalog templates,
      Pools pools,
      ServiceMetrics metrics,
      LeaseClock clock,
      LeaseObserver observer,
      LeaseJournal journal)
      throws IOException {
    this.config = config;
    this.sandboxes = sandboxes;
    this.templates = templates;
    this.pools = pools;
    this.metrics = metrics;
    this.clock = clock;
    this.observer = observer;
    book = new LeaseBook(journal, clock);
    keyed = new IdempotentAcquires(book, LeaseSecrets.load(secretFile(config)), metrics);
    for (Lease lease : book.live()) {
      templates.use(lease.snapshotId());
      metrics.held(lease.template());
    }
    vertx.setPeriodic(TICK_MILLIS, _ -> tick());
  }

  /**
   * @param config says where the state is
   * @return where the journal is
   */
  public static Path directory(ServiceConfig config) {
    return config.stateDir().resolve("leases");
  }

  /**
   * Takes over from an earlier service: its leases whose sandboxes live go on, with the tokens they
   * have. To be done before the first request.
   *
   * @return done when it is known which
   */
  public Future<Void> takeOver() {
    for (Lease lease : book.all()) {
      if (isOver(lease)) {
        expire(lease);
      } else if (lease.given().origin().run()) {
        end(lease, ErrorCode.LEASE_RELEASED, "its service ended under it", "released");
      }
    }
    return sandboxes
        .takeOver(book.all())
        .onSuccess(alive -> {
          for (Lease lease : book.all()) {
            if (alive.contains(lease.id())) {
              metrics.adopted();
            } else {
              lose(lease, "its sandbox was gone when the service came back");
            }
          }
        })
        .mapEmpty();
  }

  private static Path secretFile(ServiceConfig config) {
    return directory(config).resolve("secret");
  }

  /**
   * Gives a lease; to a request whose key is known, the same one again.
   *
   * @param request what is asked for
   * @param reserved told once of the lease's id when it is given, or null if none is; where the
   *     request's key {@link #isKnown}, of the other asker's lease
   * @return the lease; a promise that its asker may fail to give up waiting, which ends an acquire
   *     that has no key
   */
  public Promise<LeaseGrant> acquire(AcquireRequest request, Consumer<String> reserved) {
    Promise<LeaseGrant> promise =
        request.key().isEmpty() ? begin(request, reserved) : keyed(request, reserved);
    promise.future().onFailure(this::refused);
    return promise;
  }

  private void refused(Throwable failure) {
    String code = failure instanceof ServiceException s ? s.code() : CLIENT_GONE;
    metrics.refused(code);
    observer.refused(code);
  }

  private Promise<LeaseGrant> keyed(AcquireRequest request, Consumer<String> reserved) {
    Promise<LeaseGrant> promise = Promise.promise();
    try {
      keyed
          .acquire(request, r -> begin(r, reserved).future())
          .onFailure(promise::tryFail)
          .onSuccess(grant -> {
            if (!promise.tryComplete(grant) && request.run()) {
              // Nobody else can ask for it.
              release(grant.lease());
            }
          });
    } catch (ServiceException e) {
      promise.fail(e);
    }
    return promise;
  }

  /**
   * @param key of a request
   * @return whether it would be told of a lease that there is, is being made or was
   */
  public boolean isKnown(IdempotencyKey key) {
    return keyed.isKnown(key);
  }

  private Promise<LeaseGrant> begin(AcquireRequest request, Consumer<String> reserved) {
    ServiceException refusal = refusal(request.template());
    Promise<LeaseGrant> promise =
        refusal == null ? queue.add(request, clock.nanoTime()).promise : Promise.promise();
    promise
        .future()
        .onSuccess(grant -> reserved.accept(grant.lease().id()))
        .onFailure(_ -> reserved.accept(null));
    if (refusal == null) {
      serveNext();
    } else {
      promise.fail(refusal);
    }
    return promise;
  }

  private ServiceException refusal(String template) {
    boolean full = placesTaken() >= config.maxLeases();
    if (stopping) {
      return Refusals.stopping();
    }
    Optional<Template> known = templates.find(template);
    if (known.isEmpty()) {
      return Refusals.unknownTemplate(template);
    }
    pools.arrived(template);
    if (!pools.admits(known.get())) {
      return Refusals.exhausted("the budgets of pool " + template + " are used up");
    } else if (full && config.maxQueue() == 0) {
      return Refusals.exhausted(book.live().size() + " leases are held, the most allowed");
    } else if (full && queue.size() >= config.maxQueue()) {
      return Refusals.exhausted(queue.size() + " acquires wait already");
    }
    return null;
  }

  /** Places held by leases, by those being made and by those whose sandbox is not yet gone. */
  private int placesTaken() {
    return book.live().size() + acquiring + releasing;
  }

  private void serveNext() {
    while (acquiring < MAX_ACQUIRING && placesTaken() < config.maxLeases()) {
      AcquireQueue.Waiting next = queue.poll();
      if (next == null) {
        return;
      }
      acquiring++;
      serve(next)
          .onComplete(_ -> {
            acquiring--;
            serveNext();
          });
    }
  }

  private Future<?> serve(AcquireQueue.Waiting waiting) {
    long begun = clock.nanoTime();
    AcquireRequest request = waiting.request;
    Template template = templates.find(request.template()).orElse(null);
    if (template == null) {
      waiting.promise.tryFail(Refusals.unknownTemplate(request.template()));
      return Future.succeededFuture();
    }
    String id = "sb-" + LeaseSecrets.hex(8);
    templates.use(template.snapshotId());
    return sandboxes
        .make(id, template, request.tenant())
        .onSuccess(made -> give(waiting, template, id, made, begun))
        .onFailure(e -> {
          templates.release(template.snapshotId());
          waiting.promise.tryFail(e);
        });
  }

  private void give(
      AcquireQueue.Waiting waiting,
      Template template,
      String id,
      Sandboxes.Made made,
      long begunNanos) {
    long nowNanos = clock.nanoTime();
    Map<String, Long> stages = new LinkedHashMap<>();
    stages.put("queue", (begunNanos - waiting.sinceNanos) / 1000);
    stages.putAll(made.stagesMicros());
    stages.put("total", (nowNanos - waiting.sinceNanos) / 1000);
    if (waiting.isOver()) {
      // Its asker went away while the sandbox was made.
      unmake(id, template.snapshotId());
      return;
    }
    AcquireRequest request = waiting.request;
    String token =
        request.key().map(key -> keyed.token(id, key)).orElseGet(() -> LeaseSecrets.hex(32));
    Lease lease;
    try {
      lease =
          book.give(
              id,
              template,
              request,
              request.key().map(keyed::keyed).orElse(LeaseRecord.Keyed.NONE),
              LeaseSecrets.ofToken(token),
              new Sandboxes.Made(made.served(), stages));
    } catch (ServiceException e) {
      unmake(id, template.snapshotId());
      waiting.promise.tryFail(e);
      return;
    }
    metrics.leased(lease.template(), lease.served(), stages);
    observer.given(lease);
    pools.served(lease.template(), lease.served(), stages.get("total") - stages.get("queue"));
    waiting.promise.complete(new LeaseGrant(lease, token));
  }

  /**
   * @return all live leases, oldest first
   */
  public Collection<Lease> all() {
    return book.all();
  }

  /**
   * @param template its name
   * @return how many of it are leased
   */
  public int count(String template) {
    return (int) book.live().stream().filter(l -> l.template().equals(template)).count();
  }

  /**
   * @return acquires that wait
   */
  public int waiting() {
    return queue.size();
  }

  /**
   * @param id of a lease
   * @return the lease
   * @throws ServiceException if it ended, or never was
   */
  public Lease find(String id) {
    Lease lease = book.live(id);
    if (lease != null && isOver(lease)) {
      expire(lease);
    } else if (lease != null) {
      return lease;
    }
    throw book.ended().why(id);
  }

  /**
   * @param id of a lease
   * @param token what the client showed, or null
   * @return the lease
   * @throws ServiceException if it ended, or the token isn't its
   */
  public Lease held(String id, String token) {
    Lease lease = find(id);
    book.check(lease, token);
    return lease;
  }

  /**
   * Moves the deadline.
   *
   * @param lease held
   * @param ttlSeconds from now
   * @param newToken whether the token changes hands: the one before is stale from now on
   * @return the lease as it is now, with its token if that is new, else with null
   * @throws ServiceException if the journal cannot be written; the lease is as it was then
   */
  public LeaseGrant renew(Lease lease, int ttlSeconds, boolean newToken) {
    if (!newToken) {
      return new LeaseGrant(book.renew(lease, ttlSeconds, lease.generation(), lease.token()), null);
    }
    String token = LeaseSecrets.hex(32);
    int generation = lease.generation() + 1;
    return new LeaseGrant(
        book.renew(lease, ttlSeconds, generation, LeaseSecrets.ofToken(token)), token);
  }

  /**
   * Ends a lease.
   *
   * @param lease held
   * @return done when its sandbox is gone
   */
  public Future<Void> release(Lease lease) {
    return end(lease, ErrorCode.LEASE_RELEASED, "released by its holder", "released");
  }

  /**
   * @param id of a lease
   * @return whether it ended by release: releasing it again is no error
   */
  public boolean wasReleased(String id) {
    return book.ended().wasReleased(id);
  }

  private Future<Void> end(Lease lease, ErrorCode why, String detail, String reason) {
    if (!book.end(lease, why, detail)) {
      return Future.succeededFuture();
    }
    metrics.ended(lease.template(), reason);
    observer.ended(lease, reason);
    return unmake(lease.id(), lease.snapshotId())
        .onSuccess(memory -> count(lease, memory))
        .<Void>mapEmpty()
        .otherwiseEmpty();
  }

  private Future<HostReply.Memory> unmake(String id, String snapshotId) {
    releasing++;
    return sandboxes
        .destroy(id)
        .onFailure(e -> LOG.warn("release of {}: {}", id, e.getMessage()))
        .onComplete(_ -> {
          releasing--;
          templates.release(snapshotId);
          serveNext();
        });
  }

  private void count(Lease lease, HostReply.Memory memory) {
    if (memory != null) {
      metrics.memory(
          lease.template(), memory.minorFaults(), memory.majorFaults(), memory.copiedBytes());
    }
  }

  /**
   * @param lease live
   * @return what its sandbox's memory has cost so far
   */
  public Future<HostReply.Memory> memory(Lease lease) {
    return sandboxes.memory(lease.id());
  }

  /** Ends what is over; called each {@value #TICK_MILLIS} ms. */
  void tick() {
    book.calibrate();
    all().stream().filter(this::isOver).forEach(this::expire);
    queue.failOlder(
        clock.nanoTime() - MAX_WAIT_SECONDS * SECOND_NANOS,
        Refusals.exhausted("no place came free within " + MAX_WAIT_SECONDS + " s"));
  }

  private boolean isOver(Lease lease) {
    return lease.deadlineNanos() - clock.nanoTime() <= 0;
  }

  private void expire(Lease lease) {
    LOG.info("lease {} of {} expired", lease.id(), lease.template());
    end(lease, ErrorCode.LEASE_EXPIRED, "expired at " + lease.expiresAt(), "expired");
  }

  @Override
  public void sandboxExited(String sandboxId, String reason, String consoleTail) {
    Lease lease = book.live(sandboxId);
    if (lease != null) {
      LOG.warn("sandbox {} stopped: {}", sandboxId, reason);
      lose(lease, "its sandbox stopped (" + reason + "); console: " + tail(consoleTail));
    }
  }

  private static String tail(String console) {
    String text = console == null ? "" : console.strip();
    return text.substring(Math.max(0, text.length() - 2000));
  }

  @Override
  public void hostLost(Collection<String> sandboxIds) {
    for (String id : sandboxIds) {
      Lease lease = book.live(id);
      if (lease != null) {
        lose(lease, "the host process of its sandbox died");
      }
    }
  }

  private void lose(Lease lease, String detail) {
    if (!book.end(lease, ErrorCode.LEASE_LOST, detail)) {
      return;
    }
    metrics.ended(lease.template(), "lost");
    observer.ended(lease, "lost");
    templates.release(lease.snapshotId());
    serveNext();
  }

  /** Gives no more leases, for an orderly stop; those who wait are told so. Leases go on. */
  public void stop() {
    stopping = true;
    queue.failAll(Refusals.stopping());
  }

  /**
   * Releases everything.
   *
   * @return done when all sandboxes are gone
   */
  public Future<Void> releaseAll() {
    return Future.join(all().stream().map(this::release).toList()).mapEmpty();
  }
}
