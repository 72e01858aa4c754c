package dev.rekindle.bench;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;

/**
 * Leases and releases over HTTP. Closed loop: so many at a time, the next when one is done. Open
 * loop: at a fixed rate whatever happens, and each is timed from when it was due, so that waiting
 * counts. Thread: one caller; the requests run on Vert.x's event loop.
 */
final class LoadClient implements AutoCloseable {
  /**
   * One lease and its release.
   *
   * @param served how, or the code of the error
   * @param acquireMicros from when it was due until the lease was there
   * @param pairMicros from when it was due until the release was done
   * @param stages microseconds by stage, as the service says
   */
  record Pair(String served, double acquireMicros, double pairMicros, JsonObject stages) {}

  private final Vertx vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(1));
  private final Context context = vertx.getOrCreateContext();
  private final HttpClient http;
  private final int port;
  private final Buffer acquire;
  private final List<Pair> pairs = new ArrayList<>();

  LoadClient(int port, String template, int connections) {
    this.port = port;
    acquire = new JsonObject().put("template", template).put("ttlSeconds", 60).toBuffer();
    http =
        vertx.createHttpClient(
            new HttpClientOptions().setDefaultHost("127.0.0.1").setDefaultPort(port),
            new PoolOptions().setHttp1MaxSize(connections));
  }

  /** A request; its answer's body, whatever the status. */
  JsonObject call(HttpMethod method, String path, JsonObject body) {
    return await(send(method, path, body == null ? Buffer.buffer() : body.toBuffer(), null));
  }

  private Future<JsonObject> send(HttpMethod method, String path, Buffer body, String token) {
    return http.request(method, port, "127.0.0.1", path)
        .compose(request -> {
          if (token != null) {
            request.putHeader("Rekindle-Lease-Token", token);
          }
          return request.send(body).compose(response -> response.body());
        })
        .map(reply -> reply.length() == 0 ? new JsonObject() : new JsonObject(reply));
  }

  private Future<?> pair(long dueNanos) {
    return send(HttpMethod.POST, "/v1/leases", acquire, null)
        .compose(lease -> {
          double acquired = (System.nanoTime() - dueNanos) / 1e3;
          if (!lease.containsKey("id")) {
            pairs.add(
                new Pair(lease.getString("code", "error"), acquired, acquired, new JsonObject()));
            return Future.succeededFuture();
          }
          return send(
                  HttpMethod.DELETE,
                  "/v1/leases/" + lease.getString("id"),
                  Buffer.buffer(),
                  lease.getString("token"))
              .onSuccess(_ ->
                  pairs.add(
                      new Pair(
                          lease.getString("served"),
                          acquired,
                          (System.nanoTime() - dueNanos) / 1e3,
                          lease.getJsonObject("stagesMicros"))));
        });
  }

  /**
   * Closed loop.
   *
   * @return pairs a second
   */
  double closed(int concurrency, double seconds) {
    long end = System.nanoTime() + (long) (seconds * 1e9);
    long began = System.nanoTime();
    int before = onLoop(pairs::size);
    List<Future<?>> loops = new ArrayList<>();
    for (int i = 0; i < concurrency; i++) {
      loops.add(onLoop(() -> again(end)));
    }
    await(Future.join(loops));
    return (onLoop(pairs::size) - before) / ((System.nanoTime() - began) / 1e9);
  }

  private Future<?> again(long end) {
    return pair(System.nanoTime())
        .compose(_ -> System.nanoTime() < end ? again(end) : Future.succeededFuture());
  }

  /**
   * Open loop.
   *
   * @return every pair
   */
  List<Pair> open(double perSecond, double seconds) {
    onLoop(() -> {
      pairs.clear();
      return null;
    });
    long began = System.nanoTime();
    List<Future<?>> all = new ArrayList<>();
    for (int i = 0; i < perSecond * seconds; i++) {
      long due = began + (long) (i / perSecond * 1e9);
      for (long left = due - System.nanoTime(); left > 0; left = due - System.nanoTime()) {
        // To the microsecond; a spin would take a processor from what is measured.
        LockSupport.parkNanos(left);
      }
      all.add(onLoop(() -> pair(due)));
    }
    await(Future.join(all));
    return onLoop(() -> List.copyOf(pairs));
  }

  private interface Action<T> {
    T run();
  }

  private <T> T onLoop(Action<T> action) {
    CompletableFuture<T> done = new CompletableFuture<>();
    context.runOnContext(_ -> done.complete(action.run()));
    return done.join();
  }

  private static <T> T await(Future<T> future) {
    try {
      return future.toCompletionStage().toCompletableFuture().get(300, TimeUnit.SECONDS);
    } catch (ExecutionException | TimeoutException e) {
      throw new IllegalStateException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {
    await(http.close());
    await(vertx.close());
  }
}
