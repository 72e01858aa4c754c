package dev.rekindle.bench.soak;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * Which faults are ours, and when. A request that fails without an answer is excused by a service
 * that was down for our sake, and by nothing else. Thread: any.
 */
final class FaultLog {
  /** What was done. */
  enum Kind {
    HOST_KILLED,
    HOST_STOPPED,
    SERVICE_KILLED,
    BUILD_KILLED;

    boolean isKill() {
      return this != HOST_STOPPED;
    }
  }

  /** One of them; {@code to} is the largest number while it lasts. */
  private static final class Span {
    private final Kind kind;
    private long to = Long.MAX_VALUE;

    Span(Kind kind) {
      this.kind = kind;
    }
  }

  private final LongSupplier nanoTime;
  private final List<Span> spans = new ArrayList<>();

  /**
   * @param nanoTime like {@link System#nanoTime}
   */
  FaultLog(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
  }

  /** To be run when the fault is over. */
  interface Over {
    void over();
  }

  /** Called right before the fault. */
  synchronized Over begin(Kind kind) {
    Span span = new Span(kind);
    spans.add(span);
    return () -> end(span);
  }

  private synchronized void end(Span span) {
    span.to = nanoTime.getAsLong();
    notifyAll();
  }

  long now() {
    return nanoTime.getAsLong();
  }

  /** Whether the service was down for our sake at any time since then. */
  synchronized boolean wasServiceDownSince(long nanos) {
    return spans.stream().anyMatch(s -> s.kind == Kind.SERVICE_KILLED && s.to - nanos >= 0);
  }

  /** Whether any fault lasted, or began, since then. */
  synchronized boolean wasAnySince(long nanos) {
    return spans.stream().anyMatch(s -> s.to - nanos >= 0);
  }

  /** Waits until the service is up, as far as we know. */
  synchronized void awaitServiceUp() throws InterruptedException {
    while (spans.stream().anyMatch(s -> s.kind == Kind.SERVICE_KILLED && s.to == Long.MAX_VALUE)) {
      wait();
    }
  }

  synchronized Map<Kind, Integer> counts() {
    Map<Kind, Integer> counts = new EnumMap<>(Kind.class);
    for (Kind kind : Kind.values()) {
      counts.put(kind, 0);
    }
    spans.forEach(span -> counts.merge(span.kind, 1, Integer::sum));
    return counts;
  }

  int kills() {
    return counts().entrySet().stream()
        .filter(e -> e.getKey().isKill())
        .mapToInt(Map.Entry::getValue)
        .sum();
  }
}
