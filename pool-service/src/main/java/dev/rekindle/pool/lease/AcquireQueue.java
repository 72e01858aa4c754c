package dev.rekindle.pool.lease;

import dev.rekindle.pool.error.ServiceException;
import io.vertx.core.Promise;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.SequencedSet;

/** Acquires without an answer, in the order they came. Thread: one event loop. */
final class AcquireQueue {
  /** One of them; equal to itself alone. */
  static final class Waiting {
    final String template;
    final String tenant;
    final int ttlSeconds;
    final long sinceNanos;
    final Promise<Lease> promise = Promise.promise();

    private Waiting(String template, String tenant, int ttlSeconds, long sinceNanos) {
      this.template = template;
      this.tenant = tenant;
      this.ttlSeconds = ttlSeconds;
      this.sinceNanos = sinceNanos;
    }

    /** Whether it has its answer, or its asker has given up. */
    boolean isOver() {
      return promise.future().isComplete();
    }
  }

  private final SequencedSet<Waiting> queue = new LinkedHashSet<>();
  private final SequencedSet<Waiting> unanswered = new LinkedHashSet<>();

  Waiting add(String template, String tenant, int ttlSeconds, long nowNanos) {
    Waiting waiting = new Waiting(template, tenant, ttlSeconds, nowNanos);
    queue.add(waiting);
    unanswered.add(waiting);
    waiting
        .promise
        .future()
        .onComplete(_ -> {
          unanswered.remove(waiting);
          queue.remove(waiting);
        });
    return waiting;
  }

  /** Takes out the one that waits longest; null if none does. */
  Waiting poll() {
    return queue.isEmpty() ? null : queue.removeFirst();
  }

  int size() {
    return queue.size();
  }

  /** Fails those without an answer since before, those whose sandbox is being made included. */
  void failOlder(long sinceNanos, ServiceException failure) {
    while (!unanswered.isEmpty() && unanswered.getFirst().sinceNanos - sinceNanos <= 0) {
      unanswered.getFirst().promise.tryFail(failure);
    }
  }

  void failAll(ServiceException failure) {
    List.copyOf(unanswered).forEach(waiting -> waiting.promise.tryFail(failure));
  }
}
