package dev.rekindle.pool.lease;

import dev.rekindle.pool.error.ErrorCode;
import dev.rekindle.pool.error.ServiceException;
import dev.rekindle.pool.fleet.HostFleet;
import dev.rekindle.pool.fleet.Want;
import dev.rekindle.pool.sizing.PoolSpec;
import dev.rekindle.pool.sizing.Pools;
import dev.rekindle.pool.template.TemplateCatalog;
import dev.rekindle.snapshotter.host.protocol.HostException;
import dev.rekindle.snapshotter.host.protocol.HostReply;
import dev.rekindle.snapshotter.host.protocol.HostRequest;
import dev.rekindle.snapshotter.template.Template;
import io.vertx.core.Future;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/** Sandboxes of host processes. */
public final class HostSandboxes implements Sandboxes {
  /** How often a sandbox is begun anew because its process died under it. */
  private static final int TRIES = 3;

  /** What a host process says that has an index and does not find in it what it needs. */
  private static final Set<String> INDEX_REFUSALS =
      Set.of("snapshot.not_indexed", "snapshot.index_refused");

  private final HostFleet hosts;
  private final TemplateCatalog templates;
  private final Pools pools;

  /**
   * @param hosts the host processes
   * @param templates where snapshots lie
   * @param pools say how VMs are recycled
   */
  public HostSandboxes(HostFleet hosts, TemplateCatalog templates, Pools pools) {
    this.hosts = hosts;
    this.templates = templates;
    this.pools = pools;
  }

  @Override
  public Future<Made> make(String id, Template template, String tenant) {
    PoolSpec pool = pools.spec(template.name());
    HostRequest.Acquire request =
        new HostRequest.Acquire(
            id,
            templates.snapshotDir(template).toString(),
            templates.imagesDir().toString(),
            tenant,
            pool.recycle(),
            new HostRequest.Identity(id, LeaseSecrets.hex(16), id));
    return make(
            request, want(template.name(), request.snapshotDir(), tenant), System.nanoTime(), TRIES)
        .onFailure(this::lookAtIndex)
        .recover(e -> Future.failedFuture(failure(e)));
  }

  private Want want(String template, String snapshotDir, String tenant) {
    PoolSpec pool = pools.spec(template);
    return new Want(
        template, snapshotDir, tenant, pool.hosts() == PoolSpec.Hosts.OWN, pool.tenantsShareHost());
  }

  @Override
  public Future<Set<String>> takeOver(Collection<Lease> leases) {
    Map<String, Want> wants = new HashMap<>();
    for (Lease lease : leases) {
      String snapshotDir = templates.snapshotDir(lease.snapshotId()).toString();
      wants.put(lease.id(), want(lease.template(), snapshotDir, lease.tenant()));
    }
    return hosts.takeOver(wants);
  }

  private Future<Made> make(HostRequest.Acquire request, Want want, long begun, int tries) {
    return hosts
        .place(request.sandboxId(), want)
        .compose(host -> {
          long sent = System.nanoTime();
          return host.make(request)
              .map(reply -> new Made(reply.served(), stages(begun, sent, reply)))
              .recover(e -> {
                hosts.free(request.sandboxId());
                return isGone(e) && tries > 1
                    ? make(request, want, begun, tries - 1)
                    : Future.failedFuture(e);
              });
        });
  }

  /** An index that a host process does not believe is looked at now, and made anew. */
  private void lookAtIndex(Throwable e) {
    if (e instanceof HostException h && INDEX_REFUSALS.contains(h.code())) {
      templates.checkIndex();
    }
  }

  private static boolean isGone(Throwable e) {
    return e instanceof ServiceException s && s.error() == ErrorCode.HOST_UNAVAILABLE;
  }

  private static Map<String, Long> stages(long begun, long sent, HostReply.Acquire reply) {
    Map<String, Long> stages = new LinkedHashMap<>();
    stages.put("placement", (sent - begun) / 1000);
    long inside = reply.stagesMicros().values().stream().mapToLong(Long::longValue).sum();
    stages.put("socket", Math.max(0, (System.nanoTime() - sent) / 1000 - inside));
    stages.putAll(reply.stagesMicros());
    return stages;
  }

  private static ServiceException failure(Throwable e) {
    return switch (e) {
      case ServiceException s -> s;
      case HostException h when h.code().equals("kvm.unavailable") ->
          new ServiceException(ErrorCode.KVM_UNAVAILABLE, h.getMessage());
      case HostException h ->
          new ServiceException(ErrorCode.RESTORE_FAILED, h.code(), h.getMessage(), h.consoleTail());
      default -> new ServiceException(ErrorCode.INTERNAL, String.valueOf(e));
    };
  }

  @Override
  public Future<HostReply.Memory> destroy(String id) {
    return hosts
        .holder(id)
        .map(client -> client.request(new HostRequest.Release(id), HostReply.Release.class))
        .orElseGet(Future::succeededFuture)
        .onComplete(_ -> hosts.free(id))
        .map(reply -> reply == null ? null : reply.memory());
  }

  @Override
  public Future<HostReply.Memory> memory(String id) {
    return hosts
        .holder(id)
        .map(client -> client.request(new HostRequest.Memory(id), HostReply.Memory.class))
        .orElseGet(
            () -> Future.failedFuture(new HostException("sandbox.unknown", "no sandbox " + id)))
        .recover(e -> Future.failedFuture(failure(e)));
  }
}
