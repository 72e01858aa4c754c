package dev.rekindle.snapshotter.host;

import dev.rekindle.snapshotter.host.protocol.HostException;
import dev.rekindle.snapshotter.host.protocol.HostReply;
import dev.rekindle.snapshotter.host.protocol.HostRequest;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;

/** Sandboxes without VMs; counts those open. */
final class FakeSandboxFactory implements SandboxFactory {
  final Map<String, FakeSandbox> sandboxes = new ConcurrentHashMap<>();
  final Map<String, HostRequest.Pool> pools = new ConcurrentHashMap<>();
  final AtomicInteger open = new AtomicInteger();
  volatile HostException refusal;
  volatile CountDownLatch gate = new CountDownLatch(0);
  volatile boolean closed;

  @Override
  public Acquired acquire(HostRequest.Acquire request) throws HostException {
    try {
      gate.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
    if (refusal != null) {
      throw refusal;
    }
    open.incrementAndGet();
    FakeSandbox sandbox = new FakeSandbox(open);
    sandboxes.put(request.sandboxId(), sandbox);
    return new Acquired(sandbox, "new", Map.of("map", 5L));
  }

  @Override
  public void pool(HostRequest.Pool request) throws HostException {
    if (refusal != null) {
      throw refusal;
    }
    pools.put(request.snapshotDir(), request);
  }

  @Override
  public List<HostReply.PoolLevel> pools() {
    return pools.values().stream()
        .map(p ->
            new HostReply.PoolLevel(
                p.snapshotDir(), p.parked(), p.parked(), p.shells(), 0, 0, 0, null))
        .toList();
  }

  @Override
  public boolean runsNatively() {
    return true;
  }

  @Override
  public int shells() {
    return 0;
  }

  @Override
  public void close() {
    closed = true;
  }
}
