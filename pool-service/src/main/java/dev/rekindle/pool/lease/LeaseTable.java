package dev.rekindle.pool.lease;

import dev.rekindle.metrics.ServiceMetrics;
import dev.rekindle.pool.config.ServiceConfig;
import dev.rekindle.pool.error.ErrorCode;
import dev.rekindle.pool.error.ServiceException;
import dev.rekindle.pool.hostclient.HostListener;
import dev.rekindle.pool.sizing.Pools;
import dev.rekindle.pool.template.TemplateCatalog;
import dev.rekindle.snapshotter.template.Template;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All leases of the service. Acquires are served first come, first served, a bounded number at a
 * time, and wait in a bounded queue; a deadline is kept to 100 ms by the monotonic clock. Thread:
 * one event loop.
 */
public final class LeaseTable implements HostListener {
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
  private final Map<String, Lease> leases = new LinkedHashMap<>();
  private final EndedLeases ended = new EndedLeases();
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
   */
  public LeaseTable(
      Vertx vertx,
      ServiceConfig config,
      Sandboxes sandboxes,
      TemplateCatalog templates,
      Pools pools,
      ServiceMetrics metrics,
      LeaseClock clock) {
    this.config = config;
    this.sandboxes = sandboxes;
    this.templates = templates;
    this.pools = pools;
    this.metrics = metrics;
    this.clock = clock;
    vertx.setPeriodic(TICK_MILLIS, _ -> tick());
  }

  /**
   * Gives a lease.
   *
   * @param template its name
   * @param tenant whom it is for: VMs are not shared between tenants unless a pool says so
   * @param ttlSeconds {@code [1, MAX_TTL_SECONDS]}
   * @return the lease; a promise that its asker may fail to give up waiting
   */
  public Promise<Lease> acquire(String template, String tenant, int ttlSeconds) {
    ServiceException refusal = refusal(template);
    Promise<Lease> promise;
    if (refusal == null) {
      promise = queue.add(template, tenant, ttlSeconds, clock.nanoTime()).promise;
      serveNext();
    } else {
      promise = Promise.promise();
      promise.fail(refusal);
    }
    promise
        .future()
        .onFailure(e -> metrics.refused(e instanceof ServiceException s ? s.code() : CLIENT_GONE));
    return promise;
  }

  private ServiceException refusal(String template) {
    boolean full = placesTaken() >= config.maxLeases();
    if (stopping) {
      return stopping();
    }
    Optional<Template> known = templates.find(template);
    if (known.isEmpty()) {
      return unknownTemplate(template);
    }
    pools.arrived(template);
    if (!pools.admits(known.get())) {
      return exhausted("the budgets of pool " + template + " are used up");
    } else if (full && config.maxQueue() == 0) {
      return exhausted(leases.size() + " leases are held, the most allowed");
    } else if (full && queue.size() >= config.maxQueue()) {
      return exhausted(queue.size() + " acquires wait already");
    }
    return null;
  }

  private static ServiceException stopping() {
    return new ServiceException(ErrorCode.STOPPING, "it gives no leases any more");
  }

  private static ServiceException unknownTemplate(String name) {
    return new ServiceException(
        ErrorCode.TEMPLATE_UNKNOWN,
        "no template '" + name + "'; build it with PUT /v1/templates/" + name);
  }

  private static ServiceException exhausted(String why) {
    return new ServiceException(ErrorCode.POOL_EXHAUSTED, why + "; try again in a second");
  }

  /** Places held by leases, by those being made and by those whose sandbox is not yet gone. */
  private int placesTaken() {
    return leases.size() + acquiring + releasing;
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
    Template template = templates.find(waiting.template).orElse(null);
    if (template == null) {
      waiting.promise.tryFail(unknownTemplate(waiting.template));
      return Future.succeededFuture();
    }
    String id = "sb-" + LeaseSecrets.hex(8);
    templates.use(template.snapshotId());
    return sandboxes
        .make(id, template, waiting.tenant)
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
    Instant now = clock.wall().instant();
    Lease lease =
        new Lease(
            id,
            template.name(),
            template.snapshotId(),
            LeaseSecrets.hex(32),
            id,
            now,
            now.plusSeconds(waiting.ttlSeconds),
            nowNanos + waiting.ttlSeconds * SECOND_NANOS,
            made.served(),
            stages);
    leases.put(id, lease);
    metrics.leased(lease.template(), lease.served(), stages);
    pools.served(lease.template(), lease.served(), stages.get("total") - stages.get("queue"));
    if (!waiting.promise.tryComplete(lease)) {
      // Its asker went away while the sandbox was made.
      end(lease, ErrorCode.LEASE_RELEASED, "its client was gone", "released");
    }
  }

  /**
   * @return all live leases, oldest first
   */
  public Collection<Lease> all() {
    return new ArrayList<>(leases.values());
  }

  /**
   * @param template its name
   * @return how many of it are leased
   */
  public int count(String template) {
    return (int) leases.values().stream().filter(l -> l.template().equals(template)).count();
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
    Lease lease = leases.get(id);
    if (lease != null && isOver(lease)) {
      expire(lease);
    } else if (lease != null) {
      return lease;
    }
    throw ended.why(id);
  }

  /**
   * @param id of a lease
   * @param token what the client showed, or null
   * @return the lease
   * @throws ServiceException if it ended, or the token isn't its
   */
  public Lease held(String id, String token) {
    Lease lease = find(id);
    if (token == null) {
      throw new ServiceException(
          ErrorCode.LEASE_TOKEN_MISSING,
          "send the token of lease " + id + " in the header Rekindle-Lease-Token");
    }
    if (!LeaseSecrets.isEqual(token, lease.token())) {
      throw new ServiceException(
          ErrorCode.LEASE_TOKEN_WRONG, "the token is not that of lease " + id);
    }
    return lease;
  }

  /**
   * Moves the deadline.
   *
   * @param lease held
   * @param ttlSeconds from now
   * @return the lease as it is now
   */
  public Lease renew(Lease lease, int ttlSeconds) {
    Lease renewed =
        lease.withDeadline(
            clock.wall().instant().plusSeconds(ttlSeconds),
            clock.nanoTime() + ttlSeconds * SECOND_NANOS);
    leases.put(lease.id(), renewed);
    return renewed;
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
    return ended.wasReleased(id);
  }

  private Future<Void> end(Lease lease, ErrorCode why, String detail, String reason) {
    if (leases.remove(lease.id()) == null) {
      return Future.succeededFuture();
    }
    ended.add(lease.id(), why, detail);
    metrics.ended(lease.template(), reason);
    releasing++;
    return sandboxes
        .destroy(lease.id())
        .onFailure(e -> LOG.warn("release of {}: {}", lease.id(), e.getMessage()))
        .onComplete(_ -> {
          releasing--;
          templates.release(lease.snapshotId());
          serveNext();
        })
        .otherwiseEmpty();
  }

  /** Ends what is over; called each {@value #TICK_MILLIS} ms. */
  void tick() {
    all().stream().filter(this::isOver).forEach(this::expire);
    queue.failOlder(
        clock.nanoTime() - MAX_WAIT_SECONDS * SECOND_NANOS,
        exhausted("no place came free within " + MAX_WAIT_SECONDS + " s"));
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
    Lease lease = leases.get(sandboxId);
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
  public void hostLost() {
    for (Lease lease : all()) {
      lose(lease, "the host process of its sandbox died");
    }
  }

  private void lose(Lease lease, String detail) {
    leases.remove(lease.id());
    ended.add(lease.id(), ErrorCode.LEASE_LOST, detail);
    metrics.ended(lease.template(), "lost");
    templates.release(lease.snapshotId());
    serveNext();
  }

  /** Gives no more leases, for an orderly stop; those who wait are told so. Leases go on. */
  public void stop() {
    stopping = true;
    queue.failAll(stopping());
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
