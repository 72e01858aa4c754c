package dev.rekindle.pool.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.rekindle.pool.auth.ApiKeys;
import dev.rekindle.pool.feed.LeaseFeed;
import dev.rekindle.pool.journal.Digest;
import dev.rekindle.pool.journal.LeaseRecord;
import dev.rekindle.pool.lease.Lease;
import io.vertx.core.Context;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.ext.web.Router;
import java.io.BufferedReader;
import java.net.Socket;
import java.net.SocketException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The stream of events, its feed fed by hand. */
@Timeout(60)
class EventRoutesTest {
  /** More than any test takes. */
  private static final int NEVER_SECONDS = 600;

  private static final Instant EPOCH = Instant.parse("2026-01-01T00:00:00Z");

  private final Vertx vertx = Vertx.vertx();
  private final Context loop = vertx.getOrCreateContext();
  @TempDir private Path state;
  private LeaseFeed feed;
  private EventRoutes routes;
  private int port;

  private interface Body {
    void run() throws Exception;
  }

  private void onLoop(Body body) throws Exception {
    Promise<Void> done = Promise.promise();
    loop.runOnContext(_ -> {
      try {
        body.run();
        done.complete();
      } catch (Throwable e) {
        done.fail(e);
      }
    });
    done.future().await(30, TimeUnit.SECONDS);
  }

  private void serve(int stallSeconds) throws Exception {
    Promise<HttpServer> listening = Promise.promise();
    onLoop(() -> {
      feed = new LeaseFeed(vertx, () -> EPOCH.plusSeconds(5));
      routes = new EventRoutes(feed, stallSeconds, 1);
      Router router = Router.router(vertx);
      router
          .route()
          .handler(new Access(new ApiKeys(vertx, state, false, Clock.systemUTC()))::check);
      routes.mount(router);
      router.route().failureHandler(context -> Problems.send(context, context.failure()));
      vertx
          .createHttpServer(new HttpServerOptions().setSendBufferSize(8192))
          .requestHandler(router)
          .listen(0, "127.0.0.1")
          .onComplete(listening);
    });
    port = listening.future().await(30, TimeUnit.SECONDS).actualPort();
  }

  @AfterEach
  void stop() throws Exception {
    vertx.close().await(20, TimeUnit.SECONDS);
  }

  private static Lease lease(int number) {
    return new Lease(
        new LeaseRecord.Given(
            "sb-" + number,
            new LeaseRecord.Origin("base", "base-0123456789ab", "", false, EPOCH.toEpochMilli()),
            new LeaseRecord.Terms(EPOCH.plusSeconds(60).toEpochMilli(), 0, 1, Digest.NONE),
            List.of(),
            LeaseRecord.Keyed.NONE,
            "parked",
            Map.of("resume", 7L, "total", 9L)),
        0);
  }

  private Socket open() throws Exception {
    Socket socket = new RawHttp(port).begin("GET", "/v1/events", "-", "application/x-ndjson", 0);
    socket.setSoTimeout(30_000);
    return socket;
  }

  private static JsonNode next(BufferedReader lines) throws Exception {
    String line = lines.readLine();
    while (line != null && !line.startsWith("{")) {
      line = lines.readLine();
    }
    return line == null ? null : new ObjectMapper().readTree(line);
  }

  /** The next line that says more than that the stream lives. */
  private static JsonNode event(BufferedReader lines) throws Exception {
    JsonNode line = next(lines);
    while (line != null && line.has("ping")) {
      line = next(lines);
    }
    return line;
  }

  @Test
  void shouldTellWhatWasAndThenWhatHappens() throws Exception {
    serve(NEVER_SECONDS);
    onLoop(() -> feed.given(lease(1)));
    try (Socket socket = open()) {
      BufferedReader lines = RawHttp.lines(socket);
      assertThat(event(lines).at("/feed/kept").intValue()).isEqualTo(1);
      JsonNode given = event(lines);
      onLoop(() -> {
        feed.ended(lease(1), "lost");
        feed.refused("pool.exhausted");
      });

      assertThat(given.get("given").has("token")).isFalse();
      assertThat(given.at("/given/id").asText()).isEqualTo("sb-1");
      assertThat(given.at("/given/stagesMicros/resume").intValue()).isEqualTo(7);
      assertThat(event(lines).toString())
          .isEqualTo(
              "{\"at\":\"2026-01-01T00:00:05Z\",\"ended\":{\"id\":\"sb-1\",\"template\":\"base\","
                  + "\"reason\":\"lost\",\"heldMillis\":5000}}");
      assertThat(event(lines).at("/refused/code").asText()).isEqualTo("pool.exhausted");
      assertThat(next(lines).has("ping")).as("it lives").isTrue();
    }
    awaitReaders(0);
  }

  @Test
  void shouldTellASlowReaderHowMuchItMissedAndGoOn() throws Exception {
    serve(NEVER_SECONDS);
    try (Socket socket = open()) {
      BufferedReader lines = RawHttp.lines(socket);
      assertThat(event(lines).at("/feed/kept").intValue()).isZero();
      onLoop(() -> {
        for (int i = 0; i < 3 * LeaseFeed.KEPT; i++) {
          feed.given(lease(i));
        }
      });

      assertThat(event(lines).get("missed").intValue()).isEqualTo(2 * LeaseFeed.KEPT);
      for (int i = 2 * LeaseFeed.KEPT; i < 3 * LeaseFeed.KEPT; i++) {
        assertThat(event(lines).at("/given/id").asText()).isEqualTo("sb-" + i);
      }
    }
  }

  @Test
  void shouldDropAReaderThatNeverReads() throws Exception {
    serve(1);
    try (Socket socket = open()) {
      awaitReaders(1);
      for (int i = 0; i < 600 && readers() > 0; i++) {
        int from = i * LeaseFeed.KEPT;
        onLoop(() -> {
          for (int n = 0; n < LeaseFeed.KEPT; n++) {
            feed.given(lease(from + n));
          }
        });
        Thread.sleep(50);
      }
      awaitReaders(0);
      assertThat(isEnded(socket)).isTrue();
    }
  }

  private static boolean isEnded(Socket socket) throws Exception {
    try {
      return socket.getInputStream().readAllBytes().length > 0;
    } catch (SocketException e) {
      return true;
    }
  }

  @Test
  void shouldBoundHowManyReadAndEndThemAll() throws Exception {
    serve(NEVER_SECONDS);
    List<Socket> sockets = new ArrayList<>();
    try {
      for (int i = 0; i < EventRoutes.MAX_READERS; i++) {
        sockets.add(open());
      }
      awaitReaders(EventRoutes.MAX_READERS);

      assertThat(new RawHttp(port).send("GET", "/v1/events", "-", "").problem())
          .isEqualTo("503 events.too_many");
      onLoop(routes::stop);
      for (Socket socket : sockets) {
        assertThat(RawHttp.reply(socket).status()).isEqualTo(200);
      }
      assertThat(readers()).isZero();
      assertThat(new RawHttp(port).send("GET", "/v1/events", "-", "").problem())
          .isEqualTo("503 service.stopping");
    } finally {
      for (Socket socket : sockets) {
        socket.close();
      }
    }
  }

  private int readers() throws Exception {
    int[] count = new int[1];
    onLoop(() -> count[0] = feed.readers());
    return count[0];
  }

  private void awaitReaders(int count) throws Exception {
    for (int i = 0; i < 1000 && readers() != count; i++) {
      Thread.sleep(20);
    }
    assertThat(readers()).isEqualTo(count);
  }
}
