package dev.rekindle.pool.lease;

import dev.rekindle.metrics.ServiceMetrics;
import dev.rekindle.pool.error.ErrorCode;
import dev.rekindle.pool.error.ServiceException;
import dev.rekindle.pool.journal.Digest;
import dev.rekindle.pool.journal.LeaseRecord;
import io.vertx.core.Future;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Function;

/**
 * Acquires with an Idempotency-Key, {@code docs/api.md}, "Asking again". A key is known while its
 * acquire waits, while its lease lives and {@value #SECONDS_AFTER_END} s more, unless {@value
 * EndedLeases#MAX} other leases ended meanwhile. Thread: one event loop.
 */
final class IdempotentAcquires {
  static final long SECONDS_AFTER_END = 900;

  /** Askers that may wait for one acquire. */
  private static final int MAX_JOINED = 256;

  private static final class Running {
    private final Digest request;
    private final Future<LeaseGrant> grant;
    private int joined;

    Running(Digest request, Future<LeaseGrant> grant) {
      this.request = request;
      this.grant = grant;
    }
  }

  private final LeaseBook book;
  private final LeaseSecrets secrets;
  private final ServiceMetrics metrics;
  private final Map<Digest, Running> running = new HashMap<>();

  IdempotentAcquires(LeaseBook book, LeaseSecrets secrets, ServiceMetrics metrics) {
    this.book = book;
    this.secrets = secrets;
    this.metrics = metrics;
  }

  /** What the journal keeps of a key. */
  LeaseRecord.Keyed keyed(IdempotencyKey key) {
    return new LeaseRecord.Keyed(secrets.ofKey(key), LeaseSecrets.ofToken(key.request()));
  }

  /** Whether a request with the key would be told of a lease there is, is being made or was. */
  boolean isKnown(IdempotencyKey key) {
    Digest digest = secrets.ofKey(key);
    String id = book.idOfKey(digest);
    return running.containsKey(digest) || id != null && (book.live(id) != null || isKept(id));
  }

  /** The first token of a lease. */
  String token(String leaseId, IdempotencyKey key) {
    return secrets.token(leaseId, key);
  }

  /**
   * The lease of the request's key, or one that is now begun for it.
   *
   * @param request with a key
   * @param begin acquires; its result does not fail because this asker has gone
   * @throws ServiceException if the key is another request's, or its lease has ended
   */
  Future<LeaseGrant> acquire(
      AcquireRequest request, Function<AcquireRequest, Future<LeaseGrant>> begin) {
    IdempotencyKey key = request.key().orElseThrow();
    LeaseRecord.Keyed keyed = keyed(key);
    Running before = running.get(keyed.key());
    if (before != null) {
      check(keyed, before.request, request.run());
      if (++before.joined > MAX_JOINED) {
        throw new ServiceException(
            ErrorCode.POOL_EXHAUSTED, MAX_JOINED + " requests wait for the lease of this key");
      }
      metrics.replayed();
      return before.grant;
    }
    String id = book.idOfKey(keyed.key());
    Lease lease = id == null ? null : book.live(id);
    if (lease != null) {
      check(keyed, lease.given().keyed().request(), request.run());
      metrics.replayed();
      return Future.succeededFuture(new LeaseGrant(lease, sameToken(lease, key)));
    }
    if (id != null && isKept(id)) {
      check(keyed, book.ended().find(id).keyed().request(), false);
      throw book.ended().why(id);
    }
    return begin(request, keyed, begin);
  }

  private boolean isKept(String id) {
    LeaseRecord.Ended gone = book.ended().find(id);
    return gone != null && !book.endedBefore(gone, SECONDS_AFTER_END);
  }

  private Future<LeaseGrant> begin(
      AcquireRequest request,
      LeaseRecord.Keyed keyed,
      Function<AcquireRequest, Future<LeaseGrant>> begin) {
    Future<LeaseGrant> grant = begin.apply(request);
    if (!grant.isComplete()) {
      running.put(keyed.key(), new Running(keyed.request(), grant));
      grant.onComplete(_ -> running.remove(keyed.key()));
    }
    return grant;
  }

  private static void check(LeaseRecord.Keyed keyed, Digest before, boolean inProgress) {
    if (!keyed.request().matches(before)) {
      throw new ServiceException(
          ErrorCode.IDEMPOTENCY_CONFLICT,
          "this Idempotency-Key came with another request before; take a new key for a new request");
    }
    if (inProgress) {
      throw new ServiceException(
          ErrorCode.IDEMPOTENCY_IN_PROGRESS,
          "the command of this Idempotency-Key runs; its output goes to who asked first");
    }
  }

  private String sameToken(Lease lease, IdempotencyKey key) {
    String token = token(lease.id(), key);
    if (!LeaseSecrets.ofToken(token).matches(lease.token())) {
      // It was renewed with a new token, which only who did that was told.
      throw Refusals.tokenStale(lease);
    }
    return token;
  }
}
