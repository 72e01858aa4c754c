package dev.rekindle.vmm.machine;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Resources to be closed in the reverse order of their making, each exactly once, whatever the
 * others do. Not thread-safe: the owner serialises.
 */
final class CloseStack implements AutoCloseable {
  private final Deque<AutoCloseable> resources = new ArrayDeque<>();

  <T extends AutoCloseable> T add(T resource) {
    resources.push(resource);
    return resource;
  }

  @Override
  public void close() {
    RuntimeException first = null;
    while (!resources.isEmpty()) {
      try {
        resources.pop().close();
      } catch (Exception e) {
        if (first == null) {
          first = e instanceof RuntimeException r ? r : new IllegalStateException(e);
        } else {
          first.addSuppressed(e);
        }
      }
    }
    if (first != null) {
      throw first;
    }
  }
}
