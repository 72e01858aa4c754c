package dev.rekindle.pool.lease;

import dev.rekindle.pool.error.ErrorCode;
import dev.rekindle.pool.error.ServiceException;
import dev.rekindle.pool.hostclient.HostClient;
import dev.rekindle.pool.sizing.Pools;
import dev.rekindle.pool.template.TemplateCatalog;
import dev.rekindle.snapshotter.host.protocol.HostException;
import dev.rekindle.snapshotter.host.protocol.HostReply;
import dev.rekindle.snapshotter.host.protocol.HostRequest;
import dev.rekindle.snapshotter.template.Template;
import io.vertx.core.Future;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;

/** Sandboxes of a host process. */
public final class HostSandboxes implements Sandboxes {
  private final Supplier<Future<HostClient>> host;
  private final TemplateCatalog templates;
  private final Pools pools;

  /**
   * @param host the host process, waited for if it is just being started
   * @param templates where snapshots lie
   * @param pools say how VMs are recycled
   */
  public HostSandboxes(Supplier<Future<HostClient>> host, TemplateCatalog templates, Pools pools) {
    this.host = host;
    this.templates = templates;
    this.pools = pools;
  }

  @Override
  public Future<Made> make(String id, Template template, String tenant) {
    HostRequest.Acquire request =
        new HostRequest.Acquire(
            id,
            templates.snapshotDir(template).toString(),
            templates.imagesDir().toString(),
            tenant,
            pools.spec(template.name()).recycle(),
            new HostRequest.Identity(id, LeaseSecrets.hex(16), id));
    long begun = System.nanoTime();
    return host.get()
        .compose(client -> {
          long sent = System.nanoTime();
          return client
              .request(request, HostReply.Acquire.class)
              .map(reply -> new Made(reply.served(), stages(begun, sent, reply)));
        })
        .recover(e -> Future.failedFuture(failure(e)));
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
  public Future<Void> destroy(String id) {
    return host.get()
        .compose(client -> client.request(new HostRequest.Release(id), HostReply.Release.class))
        .mapEmpty();
  }
}
