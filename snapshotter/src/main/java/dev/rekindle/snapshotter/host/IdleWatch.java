package dev.rekindle.snapshotter.host;

import java.time.Duration;

/**
 * The rule that ends a host process without a service: too long without any connection, be it
 * before the first or after the last. Thread: any.
 */
final class IdleWatch {
  private final long reconnectNanos;
  private long deadlineNanos;
  private int connections;
  private boolean expired;

  IdleWatch(Duration firstConnect, Duration reconnect) {
    reconnectNanos = reconnect.toNanos();
    deadlineNanos = System.nanoTime() + firstConnect.toNanos();
  }

  synchronized void connected() {
    connections++;
    notifyAll();
  }

  synchronized void disconnected() {
    connections--;
    deadlineNanos = System.nanoTime() + reconnectNanos;
    notifyAll();
  }

  /** Ends the wait now. */
  synchronized void expire() {
    expired = true;
    notifyAll();
  }

  synchronized void awaitExpired() throws InterruptedException {
    while (!expired) {
      if (connections > 0) {
        wait();
        continue;
      }
      long leftMillis = (deadlineNanos - System.nanoTime() + 999_999) / 1_000_000;
      if (leftMillis <= 0) {
        expired = true;
        return;
      }
      wait(leftMillis);
    }
  }
}
