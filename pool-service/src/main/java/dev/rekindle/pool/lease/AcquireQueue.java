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
    final AcquireRequest request;
    final long sinceNanos;
    final Promise<LeaseGrant> promise = Promise.promise();

    private Waiting(AcquireRequest request, long sinceNanos) {
      this.request = request;
      this.sinceNanos = sinceNanos;
    }

    /** Whether it has its answer, or its asker has given up. */
    boolean isOver() {
      return promise.future().isComplete();
    }
  }

  private final SequencedSet<Waiting> queue = new LinkedHashSet<>();
  private final SequencedSet<Waiting> unanswered = new LinkedHashSet<>();

  Waiting add(AcquireRequest request, long nowNanos) {
    Waiting waiting = new Waiting(request, nowNanos);
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
