package dev.rekindle.pool.lease;

import dev.rekindle.snapshotter.template.Template;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;

/** Sandboxes that are names; the test says when one is made or gone. */
final class FakeSandboxes implements Sandboxes {
  final SequencedMap<String, Promise<Made>> making = new LinkedHashMap<>();
  final SequencedMap<String, Promise<Void>> destroying = new LinkedHashMap<>();
  boolean atOnce = true;

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
  public Future<Void> destroy(String id) {
    Promise<Void> promise = Promise.promise();
    destroying.put(id, promise);
    if (atOnce) {
      promise.complete();
    }
    return promise.future();
  }
}
