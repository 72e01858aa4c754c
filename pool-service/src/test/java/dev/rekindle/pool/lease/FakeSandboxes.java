package dev.rekindle.pool.lease;

import dev.rekindle.snapshotter.host.protocol.HostReply;
import dev.rekindle.snapshotter.template.Template;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import java.util.stream.Collectors;

/** Sandboxes that are names; the test says when one is made or gone. */
final class FakeSandboxes implements Sandboxes {
  private static final HostReply.Memory MEMORY = new HostReply.Memory(70, 2, 3 * 4096);

  final SequencedMap<String, Promise<Made>> making = new LinkedHashMap<>();
  final SequencedMap<String, Promise<HostReply.Memory>> destroying = new LinkedHashMap<>();
  boolean atOnce = true;

  final Set<String> alive = new HashSet<>();

  /** Of leases that were said to go on. */
  List<String> wanted = List.of();

  @Override
  public Future<Set<String>> takeOver(Collection<Lease> leases) {
    wanted = leases.stream().map(Lease::id).toList();
    return Future.succeededFuture(
        wanted.stream().filter(alive::contains).collect(Collectors.toSet()));
  }

  @Override
  public Future<Made> make(String id, Template template, String tenant) {
    Promise<Made> promise = Promise.promise();
    making.put(id, promise);
    if (atOnce) {
      promise.complete(new Made("shell", Map.of("map", 7L)));
    }
    return promise.future();
  }

  @Override
  public Future<HostReply.Memory> memory(String id) {
    return Future.succeededFuture(MEMORY);
  }

  @Override
  public Future<HostReply.Memory> destroy(String id) {
    Promise<HostReply.Memory> promise = Promise.promise();
    destroying.put(id, promise);
    if (atOnce) {
      promise.complete(MEMORY);
    }
    return promise.future();
  }
}
