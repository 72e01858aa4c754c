package dev.rekindle.pool.lease;

import dev.rekindle.metrics.ServiceMetrics;
import dev.rekindle.pool.config.ServiceConfig;
import dev.rekindle.pool.error.ErrorCode;
import dev.rekindle.pool.error.ServiceException;
import dev.rekindle.pool.hostclient.HostClient;
import dev.rekindle.pool.hostclient.HostListener;
import dev.rekindle.pool.sizing.Pools;
import dev.rekindle.pool.template.TemplateCatalog;
import dev.rekindle.snapshotter.host.protocol.HostException;
import dev.rekindle.snapshotter.host.protocol.HostReply;
import dev.rekindle.snapshotter.host.protocol.HostRequest;
import dev.rekindle.snapshotter.template.Template;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
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
  private static final int MAX_ENDED = 10_000;

  /** Longest an acquire waits, its restore included. */
  private static final long MAX_WAIT_MILLIS = 60_000;

  /** Restores at a time: more would only wait for the processors inside the host process. */
  private static final int MAX_ACQUIRING = 4;

  private static final SecureRandom RANDOM = new SecureRandom();

  private record Waiting(
      String template, String tenant, int ttlSeconds, long sinceNanos, Promise<Lease> promise) {
    boolean canceled() {
      return promise.future().isComplete();
    }
  }

  private record Ended(ErrorCode why, String detail) {}

  private final Vertx vertx;
  private final ServiceConfig config;
  private final Supplier<Future<HostClient>> host;
  private final TemplateCatalog templates;
  private final Pools pools;
  private final ServiceMetrics metrics;
  private final Map<String, Lease> leases = new LinkedHashMap<>();
  private final Map<String, Ended> ended =
      new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Ended> eldest) {
          return size() > MAX_ENDED;
        }
      };
  private final Deque<Waiting> queue = new ArrayDeque<>();
  private int acquiring;
  private int releasing;

  /**
   * @param vertx whose event loop this runs on
   * @param config bounds
   * @param host the host process, waited for if it is just being started
   * @param templates what can be leased
   * @param pools told of what happens; say how VMs are recycled
   * @param metrics told of what happens
   */
  public LeaseTable(
      Vertx vertx,
      ServiceConfig config,
      Supplier<Future<HostClient>> host,
      TemplateCatalog templates,
      Pools pools,
      ServiceMetrics metrics) {
    this.vertx = vertx;
    this.config = config;
    this.host = host;
    this.templates = templates;
    this.pools = pools;
    this.metrics = metrics;
    vertx.setPeriodic(TICK_MILLIS, _ -> expire());
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
    Promise<Lease> promise = Promise.promise();
    queue.removeIf(Waiting::canceled);
    Optional<Template> known = templates.find(template);
    if (known.isPresent()) {
      pools.arrived(template);
    }
    if (known.isEmpty()) {
      promise.fail(unknownTemplate(template));
    } else if (!pools.admits(known.get())) {
      promise.fail(exhausted("the budgets of pool " + template + " are used up"));
    } else if (placesTaken() >= config.maxLeases() && config.maxQueue() == 0) {
      promise.fail(exhausted(leases.size() + " leases are held, the most allowed"));
    } else if (queue.size() >= config.maxQueue() && placesTaken() >= config.maxLeases()) {
      promise.fail(exhausted(queue.size() + " acquires wait already"));
    } else {
      queue.add(new Waiting(template, tenant, ttlSeconds, System.nanoTime(), promise));
      long timer =
          vertx.setTimer(
              MAX_WAIT_MILLIS,
              _ ->
                  promise.tryFail(
                      exhausted("no place came free within " + MAX_WAIT_MILLIS + " ms")));
      promise.future().onComplete(_ -> vertx.cancelTimer(timer));
      serveNext();
    }
    promise
        .future()
        .onFailure(e -> metrics.refused(e instanceof ServiceException s ? s.code() : "internal"));
    return promise;
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
    while (acquiring < MAX_ACQUIRING && placesTaken() < config.maxLeases() && !queue.isEmpty()) {
      Waiting waiting = queue.poll();
      if (!waiting.canceled()) {
        acquiring++;
        serve(waiting)
            .onComplete(_ -> {
              acquiring--;
              serveNext();
            });
      }
    }
  }

  private Future<?> serve(Waiting waiting) {
    long begun = System.nanoTime();
    Template template = templates.find(waiting.template).orElse(null);
    if (template == null) {
      waiting.promise.tryFail(unknownTemplate(waiting.template));
      return Future.succeededFuture();
    }
    String id = "sb-" + random(8);
    String hostname = id;
    HostRequest.Identity identity = new HostRequest.Identity(hostname, random(16), id);
    HostRequest.Acquire request =
        new HostRequest.Acquire(
            id,
            templates.snapshotDir(template).toString(),
            templates.imagesDir().toString(),
            waiting.tenant,
            pools.spec(template.name()).recycle(),
            identity);
    templates.use(template.snapshotId());
    return host.get()
        .compose(client -> {
          long sent = System.nanoTime();
          return client
              .request(request, HostReply.Acquire.class)
              .onSuccess(reply -> {
                Map<String, Long> stages = stages(waiting, begun, sent, reply);
                give(waiting, template, id, hostname, reply.served(), stages);
              });
        })
        .onFailure(e -> {
          templates.release(template.snapshotId());
          waiting.promise.tryFail(restoreFailure(e));
        });
  }

  private static Map<String, Long> stages(
      Waiting waiting, long begun, long sent, HostReply.Acquire reply) {
    long now = System.nanoTime();
    Map<String, Long> stages = new LinkedHashMap<>();
    stages.put("queue", (begun - waiting.sinceNanos) / 1000);
    stages.put("placement", (sent - begun) / 1000);
    long inside = reply.stagesMicros().values().stream().mapToLong(Long::longValue).sum();
    stages.put("socket", Math.max(0, (now - sent) / 1000 - inside));
    stages.putAll(reply.stagesMicros());
    stages.put("total", (now - waiting.sinceNanos) / 1000);
    return stages;
  }

  private void give(
      Waiting waiting,
      Template template,
      String id,
      String hostname,
      String served,
      Map<String, Long> stages) {
    Instant now = Instant.now();
    Lease lease =
        new Lease(
            id,
            template.name(),
            template.snapshotId(),
            random(32),
            hostname,
            now,
            now.plusSeconds(waiting.ttlSeconds),
            System.nanoTime() + waiting.ttlSeconds * 1_000_000_000L,
            served,
            stages);
    leases.put(id, lease);
    metrics.leased(lease.template(), served, stages);
    pools.served(lease.template(), served, stages.get("total") - stages.get("queue"));
    if (!waiting.promise.tryComplete(lease)) {
      // Its asker went away while the sandbox was made.
      end(lease, ErrorCode.LEASE_RELEASED, "its client was gone", "released");
    }
  }

  private static ServiceException restoreFailure(Throwable e) {
    return switch (e) {
      case ServiceException s -> s;
      case HostException h when h.code().equals("kvm.unavailable") ->
          new ServiceException(ErrorCode.KVM_UNAVAILABLE, h.getMessage());
      case HostException h ->
          new ServiceException(ErrorCode.RESTORE_FAILED, h.code(), h.getMessage(), h.consoleTail());
      default -> new ServiceException(ErrorCode.INTERNAL, String.valueOf(e));
    };
  }

  private static String random(int bytes) {
    byte[] value = new byte[bytes];
    RANDOM.nextBytes(value);
    return HexFormat.of().formatHex(value);
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
    Ended gone = ended.get(id);
    if (gone != null) {
      throw new ServiceException(gone.why, "lease " + id + ": " + gone.detail);
    }
    throw new ServiceException(ErrorCode.LEASE_UNKNOWN, "no lease '" + id + "'");
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
    if (!MessageDigest.isEqual(
        token.getBytes(StandardCharsets.UTF_8), lease.token().getBytes(StandardCharsets.UTF_8))) {
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
            Instant.now().plusSeconds(ttlSeconds), System.nanoTime() + ttlSeconds * 1_000_000_000L);
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
    Ended gone = ended.get(id);
    return gone != null && gone.why == ErrorCode.LEASE_RELEASED;
  }

  private Future<Void> end(Lease lease, ErrorCode why, String detail, String reason) {
    if (leases.remove(lease.id()) == null) {
      return Future.succeededFuture();
    }
    ended.put(lease.id(), new Ended(why, detail));
    metrics.ended(lease.template(), reason);
    releasing++;
    return host.get()
        .compose(
            client -> client.request(new HostRequest.Release(lease.id()), HostReply.Release.class))
        .onFailure(e -> LOG.warn("release of {}: {}", lease.id(), e.getMessage()))
        .onComplete(_ -> {
          releasing--;
          templates.release(lease.snapshotId());
          serveNext();
        })
        .<Void>mapEmpty()
        .otherwiseEmpty();
  }

  private void expire() {
    all().stream().filter(LeaseTable::isOver).forEach(this::expire);
  }

  private static boolean isOver(Lease lease) {
    return lease.deadlineNanos() - System.nanoTime() <= 0;
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
    ended.put(lease.id(), new Ended(ErrorCode.LEASE_LOST, detail));
    metrics.ended(lease.template(), "lost");
    templates.release(lease.snapshotId());
    serveNext();
  }

  /**
   * Releases everything, for an orderly stop.
   *
   * @return done when all sandboxes are gone
   */
  public Future<Void> releaseAll() {
    return Future.join(all().stream().map(this::release).toList()).mapEmpty();
  }
}
