package dev.rekindle.pool.lease;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rekindle.metrics.ServiceMetrics;
import dev.rekindle.pool.config.ServiceConfig;
import dev.rekindle.pool.error.ErrorCode;
import dev.rekindle.pool.error.ServiceException;
import dev.rekindle.pool.sizing.Pools;
import dev.rekindle.pool.template.TemplateCatalog;
import dev.rekindle.snapshotter.template.TemplateStore;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Deadlines by a clock that only the test moves; nothing here waits for time. */
@Timeout(60)
class LeaseTableTest {
  private static final Instant EPOCH = Instant.parse("2026-01-01T00:00:00Z");
  private static final long SECOND = 1_000_000_000L;
  private static final int MAX_LEASES = 2;

  /** Near the overflow, which a monotonic clock may pass at any time. */
  private long nanos = Long.MAX_VALUE - SECOND;

  private Instant wall = EPOCH;
  private final ServiceMetrics metrics = new ServiceMetrics();
  private final FakeSandboxes sandboxes = new FakeSandboxes();
  private final Vertx vertx = Vertx.vertx();
  private final Context loop = vertx.getOrCreateContext();
  private LeaseTable table;

  private interface Body {
    void run() throws Exception;
  }

  /** The table belongs to an event loop. */
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

  @BeforeEach
  void start(@TempDir Path state) throws Exception {
    Files.createDirectories(state.resolve("templates"));
    Files.writeString(
        state.resolve("templates/base.json"),
        "{\"name\":\"base\",\"recipe\":{},\"snapshotId\":\"base-0123456789ab\",\"generation\":1,"
            + "\"createdAt\":\"2026-01-01T00:00:00Z\"}");
    ServiceConfig config = new ServiceConfig("127.0.0.1", 0, state, MAX_LEASES, 2, 0);
    onLoop(() -> {
      TemplateCatalog catalog = new TemplateCatalog(vertx, new TemplateStore(state));
      Pools pools =
          new Pools(
              vertx,
              () -> Future.failedFuture("no host process"),
              catalog,
              template -> table.count(template),
              state);
      LeaseClock clock = new LeaseClock(() -> wall, () -> nanos);
      table = new LeaseTable(vertx, config, sandboxes, catalog, pools, metrics, clock);
    });
  }

  @AfterEach
  void stop() throws Exception {
    vertx.close().await(20, TimeUnit.SECONDS);
  }

  private Lease lease(int ttlSeconds) {
    return table.acquire("base", "", ttlSeconds).future().result();
  }

  private static ErrorCode errorOf(Promise<Lease> acquire) {
    return acquire.future().cause() instanceof ServiceException e ? e.error() : null;
  }

  private void assertGone(String id, ErrorCode why) {
    assertThatThrownBy(() -> table.find(id))
        .isInstanceOfSatisfying(ServiceException.class, e -> assertThat(e.error()).isEqualTo(why));
  }

  @Test
  void shouldKeepALeaseUntilItsLastNanosecond() throws Exception {
    onLoop(() -> {
      Lease lease = lease(10);

      nanos += 10 * SECOND - 1;
      table.tick();

      assertThat(table.find(lease.id())).isSameAs(lease);
      nanos += 1;
      assertGone(lease.id(), ErrorCode.LEASE_EXPIRED);
      assertThat(sandboxes.destroying).containsOnlyKeys(lease.id());
    });
  }

  @Test
  void shouldEndALeaseThatNobodyAsksFor() throws Exception {
    onLoop(() -> {
      Lease lease = lease(1);

      nanos += SECOND;
      table.tick();

      assertThat(table.all()).isEmpty();
      assertThat(sandboxes.destroying).containsOnlyKeys(lease.id());
    });
  }

  @Test
  void shouldCountTheDeadlineFromTheRenewal() throws Exception {
    onLoop(() -> {
      Lease lease = lease(10);
      nanos += 9 * SECOND;
      wall = EPOCH.plusSeconds(9);

      Lease renewed = table.renew(lease, 5);

      assertThat(renewed.expiresAt()).isEqualTo(EPOCH.plusSeconds(14));
      nanos += 5 * SECOND - 1;
      assertThat(table.find(lease.id())).isSameAs(renewed);
      nanos += 1;
      assertGone(lease.id(), ErrorCode.LEASE_EXPIRED);
    });
  }

  @Test
  void shouldNotMindTheWallClockBeingSet() throws Exception {
    onLoop(() -> {
      Lease lease = lease(86_400);

      wall = EPOCH.plusSeconds(1_000_000_000);
      table.tick();

      assertThat(table.find(lease.id())).isSameAs(lease);
      assertThat(lease.createdAt()).isEqualTo(EPOCH);
      assertThat(lease.expiresAt()).isEqualTo(EPOCH.plusSeconds(86_400));
    });
  }

  @Test
  void shouldGiveAPlaceOnOnlyWhenTheSandboxInItIsGone() throws Exception {
    onLoop(() -> {
      Lease first = lease(1);
      lease(100);
      sandboxes.atOnce = false;
      Promise<Lease> waiting = table.acquire("base", "", 10);
      nanos += SECOND;
      table.tick();
      assertThat(sandboxes.making).hasSize(2);

      sandboxes.destroying.get(first.id()).complete();

      assertThat(sandboxes.making).hasSize(3);
      assertThat(waiting.future().isComplete()).isFalse();
      sandboxes.making.sequencedValues().getLast().complete(new Sandboxes.Made("new", Map.of()));
      assertThat(waiting.future().result().served()).isEqualTo("new");
    });
  }

  @Test
  void shouldRefuseWhenAllPlacesAndTheQueueAreTaken() throws Exception {
    onLoop(() -> {
      lease(100);
      lease(100);
      table.acquire("base", "", 10);
      table.acquire("base", "", 10);

      assertThat(errorOf(table.acquire("base", "", 10))).isEqualTo(ErrorCode.POOL_EXHAUSTED);
      assertThat(table.waiting()).isEqualTo(2);
    });
  }

  @Test
  void shouldGiveUpAnAcquireAfterItsTimeAndLeaveTheYoungerWaiting() throws Exception {
    onLoop(() -> {
      lease(1000);
      lease(1000);
      Promise<Lease> older = table.acquire("base", "", 10);
      nanos += SECOND;
      Promise<Lease> younger = table.acquire("base", "", 10);

      nanos += (LeaseTable.MAX_WAIT_SECONDS - 1) * SECOND;
      table.tick();

      assertThat(errorOf(older)).isEqualTo(ErrorCode.POOL_EXHAUSTED);
      assertThat(younger.future().isComplete()).isFalse();
      assertThat(table.waiting()).isEqualTo(1);
    });
  }

  @Test
  void shouldTakeBackASandboxMadeTooLate() throws Exception {
    onLoop(() -> {
      sandboxes.atOnce = false;
      Promise<Lease> late = table.acquire("base", "", 10);
      nanos += LeaseTable.MAX_WAIT_SECONDS * SECOND;
      table.tick();
      assertThat(errorOf(late)).isEqualTo(ErrorCode.POOL_EXHAUSTED);

      String id = sandboxes.making.keySet().iterator().next();
      sandboxes.making.get(id).complete(new Sandboxes.Made("new", Map.of()));

      assertThat(sandboxes.destroying).containsOnlyKeys(id);
      assertGone(id, ErrorCode.LEASE_RELEASED);
    });
  }

  @Test
  void shouldLeaveNothingOfAnAskerWhoGivesUp() throws Exception {
    onLoop(() -> {
      lease(100);
      lease(100);
      Promise<Lease> waiting = table.acquire("base", "", 10);

      waiting.tryFail(new IllegalStateException("the client has gone"));

      assertThat(table.waiting()).isZero();
      assertThat(metrics.scrape()).contains("rekindle_lease_refused_total{code=\"client.gone\"} 1");
    });
  }

  @Test
  void shouldGiveNothingAnyMoreWhenStopping() throws Exception {
    onLoop(() -> {
      Lease held = lease(100);
      sandboxes.atOnce = false;
      Promise<Lease> beingMade = table.acquire("base", "", 10);
      Promise<Lease> waiting = table.acquire("base", "", 10);

      table.stop();

      assertThat(errorOf(beingMade)).isEqualTo(ErrorCode.STOPPING);
      assertThat(errorOf(waiting)).isEqualTo(ErrorCode.STOPPING);
      assertThat(errorOf(table.acquire("base", "", 10))).isEqualTo(ErrorCode.STOPPING);
      assertThat(table.find(held.id())).isSameAs(held);
    });
  }

  @Test
  void shouldSayWhereTheTimeWent() throws Exception {
    onLoop(() -> {
      lease(1);
      lease(100);
      Promise<Lease> waiting = table.acquire("base", "", 10);
      nanos += 3 * SECOND;
      table.tick();

      assertThat(waiting.future().result().stagesMicros())
          .containsExactly(
              Map.entry("queue", 3_000_000L), Map.entry("map", 7L), Map.entry("total", 3_000_000L));
    });
  }

  @Test
  void shouldForgetTheOldestOfTheEnded() {
    EndedLeases ended = new EndedLeases();

    for (int i = 0; i <= EndedLeases.MAX; i++) {
      ended.add("id-" + i, ErrorCode.LEASE_RELEASED, "");
    }

    assertThat(ended.why("id-0").error()).isEqualTo(ErrorCode.LEASE_UNKNOWN);
    assertThat(ended.why("id-1").error()).isEqualTo(ErrorCode.LEASE_RELEASED);
  }
}
