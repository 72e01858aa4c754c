package dev.rekindle.pool.lease;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rekindle.metrics.ServiceMetrics;
import dev.rekindle.pool.config.AccessConfig;
import dev.rekindle.pool.config.ServiceConfig;
import dev.rekindle.pool.error.ErrorCode;
import dev.rekindle.pool.error.ServiceException;
import dev.rekindle.pool.feed.LeaseFeed;
import dev.rekindle.pool.fleet.FleetLimits;
import dev.rekindle.pool.jail.JailSettings;
import dev.rekindle.pool.journal.LeaseJournal;
import dev.rekindle.pool.sizing.Pools;
import dev.rekindle.pool.template.TemplateCatalog;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Keys and tokens, in one service and in its successor. */
@Timeout(60)
class LeaseRestartTest {
  private static final long SECOND = 1_000_000_000L;
  private static final UUID BOOT = new UUID(1, 1);

  private final ServiceMetrics metrics = new ServiceMetrics();
  private final FakeSandboxes sandboxes = new FakeSandboxes();
  private final Vertx vertx = Vertx.vertx();
  private final Context loop = vertx.getOrCreateContext();
  @TempDir private Path state;
  private long nanos = 5 * SECOND;
  private LeaseTable table;
  private LeaseJournal journal;

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

  @BeforeEach
  void begin() throws Exception {
    Files.createDirectories(state.resolve("templates"));
    Files.writeString(
        state.resolve("templates/base.json"),
        "{\"name\":\"base\",\"recipe\":{},\"snapshotId\":\"base-0123456789ab\",\"generation\":1,"
            + "\"createdAt\":\"2026-01-01T00:00:00Z\"}");
    onLoop(() -> start(BOOT));
  }

  private void start(UUID bootId) throws Exception {
    ServiceConfig config =
        new ServiceConfig(
            "127.0.0.1",
            0,
            state,
            4,
            4,
            FleetLimits.DEFAULT,
            JailSettings.DEFAULT,
            AccessConfig.of(state));
    TemplateCatalog catalog = LeaseTableTest.catalog(vertx, state);
    Pools pools =
        new Pools(
            vertx, new LeaseTableTest.NoStock(), catalog, template -> table.count(template), state);
    LeaseClock clock =
        new LeaseClock(
            () -> Instant.ofEpochSecond(nanos / SECOND), () -> nanos, () -> nanos / 1_000_000);
    journal = new LeaseJournal(LeaseTable.directory(config), bootId, metrics);
    table =
        new LeaseTable(
            vertx,
            config,
            sandboxes,
            catalog,
            pools,
            metrics,
            clock,
            new LeaseFeed(vertx, clock.wall()),
            journal);
  }

  private void restart(UUID bootId) throws Exception {
    journal.close();
    start(bootId);
  }

  @AfterEach
  void stop() throws Exception {
    vertx.close().await(20, TimeUnit.SECONDS);
    journal.close();
  }

  private Future<LeaseGrant> acquire(String key, int ttlSeconds) {
    return table.acquire(request(key, ttlSeconds, false), _ -> {}).future();
  }

  private static AcquireRequest request(String key, int ttlSeconds, boolean run) {
    String body = "ttl " + ttlSeconds;
    return new AcquireRequest(
        "base", "", ttlSeconds, run, Optional.of(new IdempotencyKey("", key, body)));
  }

  private static ErrorCode errorOf(Future<LeaseGrant> acquire) {
    return acquire.cause() instanceof ServiceException e ? e.error() : null;
  }

  private void assertHeld(LeaseGrant grant, String token, ErrorCode refusal) {
    assertThatThrownBy(() -> table.held(grant.lease().id(), token))
        .isInstanceOfSatisfying(
            ServiceException.class, e -> assertThat(e.error()).isEqualTo(refusal));
  }

  @Test
  void shouldGiveTheSameLeaseAgainWhileItLives() throws Exception {
    onLoop(() -> {
      LeaseGrant first = acquire("k", 60).result();
      nanos += 59 * SECOND;

      LeaseGrant again = acquire("k", 60).result();

      assertThat(again).isEqualTo(first);
      assertThat(acquire("other", 60).result().lease().id()).isNotEqualTo(first.lease().id());
      assertThat(sandboxes.making).hasSize(2);
      assertThat(metrics.scrape()).contains("rekindle_lease_replayed_total 1");
    });
  }

  @Test
  void shouldGiveEveryoneTheOneLeaseWhoAsksWhileItIsMade() throws Exception {
    onLoop(() -> {
      sandboxes.atOnce = false;
      Promise<LeaseGrant> gone = table.acquire(request("k", 60, false), _ -> {});
      Future<LeaseGrant> second = acquire("k", 60);
      assertThat(errorOf(acquire("k", 61))).isEqualTo(ErrorCode.IDEMPOTENCY_CONFLICT);
      gone.tryFail(new IllegalStateException("the client has gone"));

      assertThat(sandboxes.making).hasSize(1);
      sandboxes.making.firstEntry().getValue().complete(new Sandboxes.Made("new", Map.of()));

      assertThat(second.result().lease()).isEqualTo(table.all().iterator().next());
      assertThat(acquire("k", 60).result()).isEqualTo(second.result());
    });
  }

  @Test
  void shouldRefuseAnotherRequestWithTheSameKey() throws Exception {
    onLoop(() -> {
      LeaseGrant first = acquire("k", 60).result();

      assertThat(errorOf(acquire("k", 61))).isEqualTo(ErrorCode.IDEMPOTENCY_CONFLICT);

      table.release(first.lease());
      assertThat(errorOf(acquire("k", 61))).isEqualTo(ErrorCode.IDEMPOTENCY_CONFLICT);
    });
  }

  @Test
  void shouldTellWhyTheLeaseOfAKeyEndedAsLongAsTheKeyIsKnown() throws Exception {
    onLoop(() -> {
      LeaseGrant released = acquire("released", 60).result();
      table.release(released.lease());
      LeaseGrant expired = acquire("expired", 1).result();
      nanos += SECOND;
      table.tick();

      assertThat(errorOf(acquire("released", 60))).isEqualTo(ErrorCode.LEASE_RELEASED);
      assertThat(errorOf(acquire("expired", 1))).isEqualTo(ErrorCode.LEASE_EXPIRED);

      nanos += (IdempotentAcquires.SECONDS_AFTER_END + 1) * SECOND;
      LeaseGrant fresh = acquire("expired", 1).result();
      assertThat(fresh.lease().id()).isNotEqualTo(expired.lease().id());
      assertHeld(fresh, expired.token(), ErrorCode.LEASE_TOKEN_STALE);
    });
  }

  @Test
  void shouldForgetAKeyWhoseAcquireFailed() throws Exception {
    onLoop(() -> {
      sandboxes.atOnce = false;
      Future<LeaseGrant> failing = acquire("k", 60);
      sandboxes
          .making
          .firstEntry()
          .getValue()
          .fail(new ServiceException(ErrorCode.RESTORE_FAILED, "no"));
      assertThat(errorOf(failing)).isEqualTo(ErrorCode.RESTORE_FAILED);

      sandboxes.atOnce = true;
      assertThat(acquire("k", 60).result().lease().generation()).isEqualTo(1);
    });
  }

  @Test
  void shouldRunACommandOnceForAKey() throws Exception {
    onLoop(() -> {
      LeaseGrant run = table.acquire(request("k", 60, true), _ -> {}).future().result();
      assertThat(errorOf(table.acquire(request("k", 60, true), _ -> {}).future()))
          .isEqualTo(ErrorCode.IDEMPOTENCY_IN_PROGRESS);

      table.release(run.lease());

      assertThat(errorOf(table.acquire(request("k", 60, true), _ -> {}).future()))
          .isEqualTo(ErrorCode.LEASE_RELEASED);
    });
  }

  @Test
  void shouldKeepNoLeaseOfACommandWhoseClientLeft() throws Exception {
    onLoop(() -> {
      sandboxes.atOnce = false;
      Promise<LeaseGrant> run = table.acquire(request("k", 60, true), _ -> {});
      run.tryFail(new IllegalStateException("the client has gone"));

      sandboxes.making.firstEntry().getValue().complete(new Sandboxes.Made("new", Map.of()));

      assertThat(table.all()).isEmpty();
      assertThat(sandboxes.destroying).containsOnlyKeys(sandboxes.making.keySet());
    });
  }

  @Test
  void shouldRefuseEveryTokenButTheLast() throws Exception {
    onLoop(() -> {
      LeaseGrant first = acquire("k", 60).result();

      LeaseGrant second = table.renew(first.lease(), 60, true);
      LeaseGrant third = table.renew(second.lease(), 60, true);

      assertThat(third.lease().generation()).isEqualTo(3);
      assertHeld(first, first.token(), ErrorCode.LEASE_TOKEN_STALE);
      assertHeld(first, second.token(), ErrorCode.LEASE_TOKEN_STALE);
      assertHeld(first, "0".repeat(64), ErrorCode.LEASE_TOKEN_WRONG);
      assertHeld(first, null, ErrorCode.LEASE_TOKEN_MISSING);
      assertThat(table.held(first.lease().id(), third.token())).isEqualTo(third.lease());
      assertThat(errorOf(acquire("k", 60))).as("its key").isEqualTo(ErrorCode.LEASE_TOKEN_STALE);
    });
  }

  @Test
  void shouldTellTheSuccessorWhatEndedAndWhichKeysWereUsed() throws Exception {
    onLoop(() -> {
      LeaseGrant released = acquire("released", 60).result();
      table.release(released.lease());
      LeaseGrant expired = acquire("expired", 1).result();
      nanos += SECOND;
      table.tick();

      restart(BOOT);

      assertThat(table.wasReleased(released.lease().id())).isTrue();
      assertThat(errorOf(acquire("released", 60))).isEqualTo(ErrorCode.LEASE_RELEASED);
      assertThat(errorOf(acquire("released", 61))).isEqualTo(ErrorCode.IDEMPOTENCY_CONFLICT);
      LeaseGrant fresh = acquire("fresh", 60).result();
      assertHeld(fresh, expired.token(), ErrorCode.LEASE_TOKEN_STALE);
      assertThatThrownBy(() -> table.find(expired.lease().id())).hasMessageContaining("expired at");
    });
  }

  @Test
  void shouldGoOnWithLeasesWhoseSandboxesLive() throws Exception {
    onLoop(() -> {
      LeaseGrant first = acquire("k", 60).result();
      LeaseGrant renewed = table.renew(acquire("renewed", 60).result().lease(), 100, true);
      nanos += 20 * SECOND;
      sandboxes.alive.addAll(List.of(first.lease().id(), renewed.lease().id()));

      restart(BOOT);
      assertThat(table.takeOver().succeeded()).isTrue();

      assertThat(acquire("k", 60).result()).isEqualTo(first);
      assertThat(table.held(renewed.lease().id(), renewed.token()).generation()).isEqualTo(2);
      assertHeld(renewed, first.token(), ErrorCode.LEASE_TOKEN_WRONG);
      nanos += 40 * SECOND - 1;
      assertThat(table.find(first.lease().id()).expiresAt()).isEqualTo(first.lease().expiresAt());
      nanos += 1;
      table.tick();
      assertThat(table.all()).extracting(Lease::id).containsExactly(renewed.lease().id());
      assertThat(metrics.scrape()).contains("rekindle_lease_adopted_total 2");
    });
  }

  @Test
  void shouldEndLeasesThatNobodyHoldsOrThatAreOver() throws Exception {
    onLoop(() -> {
      LeaseGrant dead = acquire("dead", 60).result();
      LeaseGrant over = acquire("over", 10).result();
      LeaseGrant run = table.acquire(request("run", 60, true), _ -> {}).future().result();
      nanos += 10 * SECOND;
      sandboxes.alive.addAll(List.of(over.lease().id(), run.lease().id()));

      restart(BOOT);
      table.takeOver();

      assertThat(sandboxes.wanted).containsExactly(dead.lease().id());
      assertThat(errorOf(acquire("dead", 60))).isEqualTo(ErrorCode.LEASE_LOST);
      assertThat(errorOf(acquire("over", 10))).isEqualTo(ErrorCode.LEASE_EXPIRED);
      assertThat(errorOf(table.acquire(request("run", 60, true), _ -> {}).future()))
          .isEqualTo(ErrorCode.LEASE_RELEASED);
      assertThat(table.all()).isEmpty();
      restart(BOOT);
      assertThat(table.all()).as("once").isEmpty();
    });
  }

  @Test
  void shouldLoseLeasesByABootOfTheMachine() throws Exception {
    onLoop(() -> {
      LeaseGrant grant = acquire("k", 60).result();

      restart(new UUID(2, 2));

      assertThat(table.all()).isEmpty();
      assertThatThrownBy(() -> table.find(grant.lease().id()))
          .isInstanceOfSatisfying(
              ServiceException.class, e -> assertThat(e.error()).isEqualTo(ErrorCode.LEASE_LOST));
      assertThat(errorOf(acquire("k", 60))).isEqualTo(ErrorCode.LEASE_LOST);
    });
  }
}
