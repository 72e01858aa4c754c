package dev.rekindle.pool.auth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rekindle.pool.error.ErrorCode;
import dev.rekindle.pool.error.ServiceException;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class ApiKeysTest {
  private static final Instant EPOCH = Instant.parse("2026-01-01T00:00:00Z");

  private final Vertx vertx = Vertx.vertx();
  private @TempDir Path state;

  @AfterEach
  void close() throws Exception {
    vertx.close().await(20, TimeUnit.SECONDS);
  }

  private ApiKeys at(Instant now) throws IOException {
    return new ApiKeys(vertx, state, true, Clock.fixed(now, ZoneOffset.UTC));
  }

  private static KeySpec spec(Integer ttl, int leases, int rate, String... scopes) {
    return new KeySpec("ci", List.of(scopes), ttl, leases, rate);
  }

  private static ApiKeys.Made create(ApiKeys keys, KeySpec spec) throws Exception {
    return keys.create(spec).await(20, TimeUnit.SECONDS);
  }

  private static ErrorCode refusal(ApiKeys keys, String shown) {
    try {
      keys.admit(shown);
    } catch (ServiceException e) {
      return e.error();
    }
    return null;
  }

  @Test
  void shouldKnowAKeyAgainAfterARestartWithoutKeepingItsSecret() throws Exception {
    ApiKeys.Made made = create(at(EPOCH), spec(60, 3, 5, "lease", "observe"));

    ApiKeys again = at(EPOCH);

    assertThat(again.admit(made.text()).key()).contains(made.key());
    assertThat(again.admit(made.text()).scopes())
        .containsExactlyInAnyOrder(Scope.LEASE, Scope.OBSERVE);
    Path file = state.resolve("keys.json");
    assertThat(Files.readString(file)).doesNotContain(made.text().substring(16));
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
  }

  @Test
  void shouldRefuseWhatIsNotAKeyOfIts() throws Exception {
    ApiKeys keys = at(EPOCH);
    String text = create(keys, spec(null, 0, 0, "lease")).text();
    char last = text.charAt(text.length() - 1);

    assertThat(refusal(keys, null)).isEqualTo(ErrorCode.KEY_MISSING);
    assertThat(refusal(keys, "")).isEqualTo(ErrorCode.KEY_WRONG);
    assertThat(refusal(keys, text + "0")).isEqualTo(ErrorCode.KEY_WRONG);
    assertThat(refusal(keys, text.substring(0, text.length() - 1) + (last == '0' ? '1' : '0')))
        .isEqualTo(ErrorCode.KEY_WRONG);
    assertThat(refusal(keys, "rk_000000000000_" + "0".repeat(64))).isEqualTo(ErrorCode.KEY_WRONG);
    assertThat(refusal(keys, text)).isNull();
  }

  @Test
  void shouldRefuseAKeyFromTheMomentItEnds() throws Exception {
    String text = create(at(EPOCH), spec(60, 0, 0, "lease")).text();

    assertThat(refusal(at(EPOCH.plusSeconds(59)), text)).isNull();
    assertThat(refusal(at(EPOCH.plusSeconds(60)), text)).isEqualTo(ErrorCode.KEY_EXPIRED);
  }

  @Test
  void shouldForgetARevokedKeyForGoodAndEndWhatRunsByIt() throws Exception {
    ApiKeys keys = at(EPOCH);
    ApiKeys.Made made = create(keys, spec(null, 0, 0, "lease"));
    List<ErrorCode> told = new ArrayList<>();
    Grant running = keys.admit(made.text());
    running.begin();
    running.onLost(reason -> told.add(reason.error()));
    Grant over = keys.admit(made.text());
    over.begin();
    over.onLost(_ -> told.add(ErrorCode.INTERNAL));
    over.end();

    keys.revoke(made.key().id(), Grant.ofNobody()).await(20, TimeUnit.SECONDS);

    assertThat(told).containsExactly(ErrorCode.KEY_REVOKED);
    assertThat(refusal(keys, made.text())).isEqualTo(ErrorCode.KEY_WRONG);
    assertThat(refusal(at(EPOCH), made.text())).isEqualTo(ErrorCode.KEY_WRONG);
    assertThatThrownBy(
            () -> keys.revoke(made.key().id(), Grant.ofNobody()).await(20, TimeUnit.SECONDS))
        .isInstanceOfSatisfying(
            ServiceException.class, e -> assertThat(e.error()).isEqualTo(ErrorCode.KEY_UNKNOWN));
  }

  @Test
  void shouldCountTheLeasesOfAKeyThoseAskedForIncluded() throws Exception {
    ApiKeys keys = at(EPOCH);
    ApiKeys.Made made = create(keys, spec(null, 2, 0, "lease"));
    Grant grant = keys.admit(made.text());

    grant.reserveLease();
    grant.reserveLease();
    assertThatThrownBy(grant::reserveLease)
        .isInstanceOfSatisfying(
            ServiceException.class, e -> assertThat(e.error()).isEqualTo(ErrorCode.LEASE_LIMIT));
    grant.reserved("sb-1");
    grant.reserved(null);
    assertThat(keys.leases(made.key())).isEqualTo(1);
    grant.reserveLease();
    grant.reserved("sb-2");
    keys.leaseEnded("sb-1");
    keys.leaseEnded("sb-of-another");
    grant.reserveLease();
    assertThat(keys.leases(made.key())).isEqualTo(2);
  }

  @Test
  void shouldGiveASecondsRequestsBackEvenly() {
    RequestRate rate = new RequestRate(4, 0);
    for (int i = 0; i < 4; i++) {
      assertThat(rate.take(0)).isTrue();
    }

    assertThat(rate.take(0)).isFalse();
    assertThat(rate.left()).isEqualTo(new Grant.Rate(4, 0, 1));
    assertThat(rate.take(249_000_000)).isFalse();
    assertThat(rate.take(251_000_000)).isTrue();
    assertThat(rate.take(251_000_000)).isFalse();
    assertThat(rate.take(3_600_000_000_000L)).isTrue();
    assertThat(rate.left()).isEqualTo(new Grant.Rate(4, 3, 1));
  }

  @Test
  void shouldMakeTheOperatorsKeyOnceAndAnotherWhenItsFileIsGone() throws Exception {
    Path file = state.resolve("operator.key");
    ApiKeys keys = at(EPOCH);
    keys.provideOperator(file);
    String first = Files.readString(file).strip();
    ApiKeys again = at(EPOCH);
    again.provideOperator(file);

    assertThat(Files.readString(file).strip()).isEqualTo(first);
    assertThat(again.admit(first).scopes()).isEqualTo(Set.of(Scope.values()));
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");

    Files.delete(file);
    ApiKeys third = at(EPOCH);
    third.provideOperator(file);

    assertThat(refusal(third, first)).isEqualTo(ErrorCode.KEY_WRONG);
    assertThat(refusal(third, Files.readString(file).strip())).isNull();
    assertThat(third.all()).hasSize(1);
  }

  @Test
  void shouldLetNobodyInWhenTheFileOfKeysIsDamaged() throws Exception {
    create(at(EPOCH), spec(null, 0, 0, "lease"));
    Path file = state.resolve("keys.json");
    String whole = Files.readString(file);

    for (String damaged :
        List.of("", "{}", whole.substring(9), whole.replace("\"lease\"", "\"root\""))) {
      Files.writeString(file, damaged);
      assertThatThrownBy(() -> at(EPOCH)).isInstanceOf(IOException.class);
    }
  }

  @Test
  void shouldHaveAnEndOfKeys() throws Exception {
    ApiKeys keys = at(EPOCH);
    for (int i = 0; i < ApiKeys.MAX_KEYS - 1; i++) {
      keys.create(spec(null, 0, 0, "lease"));
    }
    create(keys, spec(null, 0, 0, "lease"));

    assertThatThrownBy(() -> create(keys, spec(null, 0, 0, "lease")))
        .isInstanceOfSatisfying(
            ServiceException.class, e -> assertThat(e.error()).isEqualTo(ErrorCode.KEYS_EXHAUSTED));
  }
}
