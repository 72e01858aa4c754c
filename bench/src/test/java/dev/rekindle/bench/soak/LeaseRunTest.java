package dev.rekindle.bench.soak;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class LeaseRunTest {
  private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");

  /** A service with one sandbox that keeps its promises; a test breaks one. */
  private static final class FakeService implements Call.Api {
    private final List<String> calls = new ArrayList<>();
    private final List<String> keys = new ArrayList<>();
    private String mark = "";
    private String lease = "sb-1";
    private Instant deadline = Instant.MAX;
    private Function<String, Answer> instead = _ -> null;

    @Override
    public Answer call(Call call) {
      String what =
          call.body().contains("argv")
              ? call.body().replaceAll("[^a-z]|argv", " ").strip().split(" +")[0]
              : call.method();
      calls.add(what);
      Answer other = instead.apply(what);
      if (other != null) {
        return other;
      }
      return switch (what) {
        case "POST" -> acquired(call);
        case "DELETE" -> done("{}");
        case "id" -> said("host\\nmachine\\n" + lease);
        case "mark" -> exchange(call.body());
        default ->
            NOW.isBefore(deadline) && !what.equals("sleep")
                ? said("")
                : new Answer.Refused("lease.expired");
      };
    }

    private Answer acquired(Call call) {
      keys.add(call.headers().get("Idempotency-Key"));
      if (call.body().contains("\"ttlSeconds\":2")) {
        deadline = NOW;
      }
      Instant expires = deadline.equals(Instant.MAX) ? NOW.plusSeconds(99) : deadline;
      return done("{\"id\":\"sb-1\",\"token\":\"t\",\"expiresAt\":\"" + expires + "\"}");
    }

    private Answer exchange(String body) {
      String[] words = body.split("\"");
      String was = mark;
      if (words.length > 5) {
        mark = words[5];
      }
      return said(was);
    }

    private Answer said(String text) {
      return done("{\"exitCode\":0,\"stdout\":\"" + text + "\\n\"}");
    }

    private Answer done(String json) {
      return HttpApi.answer(200, json);
    }
  }

  private final FakeService service = new FakeService();
  private final FaultLog faults = new FaultLog(System::nanoTime);
  private final Ledger ledger = new Ledger();

  private Ledger.Counts run(boolean expires) {
    new LeaseRun(service, () -> NOW, faults, ledger, "bare", new LeaseRun.Plan(1, expires)).run();
    Ledger.Counts counts = ledger.counts();
    assertThat(counts.leases()).isEqualTo(1);
    return counts;
  }

  @Test
  void shouldHoldMarkAndRelease() {
    Ledger.Counts counts = run(false);

    assertThat(counts.worked()).as(ledger.notes().toString()).isEqualTo(1);
    assertThat(counts.survived()).isZero();
    assertThat(service.calls).containsExactly("POST", "id", "mark", "mark", "DELETE");
  }

  @Test
  void shouldSeeAnotherHoldersMark() {
    service.mark = "other";

    assertThat(run(false).heldByTwo()).isEqualTo(1);
  }

  @Test
  void shouldSeeAnotherHolderWhoCameLater() {
    service.instead =
        what -> {
          if (what.equals("mark") && !service.mark.isEmpty()) {
            service.mark = "other";
          }
          return null;
        };

    assertThat(run(false).heldByTwo()).isEqualTo(1);
  }

  @Test
  void shouldSeeASandboxOfAnotherLease() {
    service.lease = "sb-2";

    assertThat(run(false).heldByTwo()).isEqualTo(1);
  }

  @Test
  void shouldFailWhereTheMarkIsGone() {
    service.instead =
        what -> {
          if (what.equals("mark") && !service.mark.isEmpty()) {
            service.mark = "";
          }
          return null;
        };

    Ledger.Counts counts = run(false);

    assertThat(counts.failedUntyped()).isEqualTo(1);
    assertThat(counts.heldByTwo()).isZero();
  }

  @Test
  void shouldExpire() {
    Ledger.Counts counts = run(true);

    assertThat(counts.worked()).as(ledger.notes().toString()).isEqualTo(1);
    assertThat(counts.outlived()).isZero();
    assertThat(service.calls).containsExactly("POST", "id", "mark", "sleep", "true");
  }

  @Test
  void shouldSeeALeaseThatTakesACommandAfterItsDeadline() {
    service.instead = what -> what.equals("true") ? HttpApi.answer(200, "{\"exitCode\":0}") : null;

    assertThat(run(true).outlived()).isEqualTo(1);
  }

  @Test
  void shouldTellCodesFromTheWantOfThem() {
    service.instead = what -> what.equals("id") ? HttpApi.answer(410, "{\"code\":\"x.y\"}") : null;
    assertThat(run(false).typed()).containsExactly(Map.entry("x.y", 1));

    assertThat(HttpApi.answer(500, "{}")).isInstanceOf(Answer.Wrong.class);
    assertThat(HttpApi.answer(502, "<html>")).isInstanceOf(Answer.Wrong.class);
    assertThat(HttpApi.answer(204, "")).isInstanceOf(Answer.Done.class);
  }

  @Test
  void shouldTakeAnAdmittedDefectForNoTypedError() {
    service.instead = _ -> new Answer.Refused("internal");

    Ledger.Counts counts = run(false);

    assertThat(counts.failedTyped()).isZero();
    assertThat(counts.failedUntyped()).isEqualTo(1);
  }

  @Test
  void shouldNotExcuseAConnectionLostWithoutAFaultOfOurs() {
    faults.begin(FaultLog.Kind.HOST_KILLED).over();
    service.instead = what -> what.equals("id") ? new Answer.Unreachable(false, "reset") : null;

    assertThat(run(false).failedUntyped()).isEqualTo(1);
  }

  @Test
  void shouldCallARefusedConnectionUnavailableWhileTheServiceIsKilled() {
    faults.begin(FaultLog.Kind.SERVICE_KILLED);
    service.instead = _ -> new Answer.Unreachable(true, "refused");

    assertThat(run(false).typed()).containsExactly(Map.entry("unavailable", 1));
  }

  @Test
  void shouldGoOnWhenTheServiceIsBack() {
    FaultLog.Over[] fault = new FaultLog.Over[1];
    int[] lost = new int[1];
    service.instead =
        what -> {
          if (lost[0] == 2 || what.equals("id")) {
            return null;
          }
          lost[0]++;
          fault[0] = faults.begin(FaultLog.Kind.SERVICE_KILLED);
          fault[0].over();
          return new Answer.Unreachable(false, "reset");
        };

    Ledger.Counts counts = run(false);

    assertThat(counts.worked()).as(ledger.notes().toString()).isEqualTo(1);
    assertThat(counts.survived()).isEqualTo(1);
    assertThat(service.calls)
        .containsExactly("POST", "POST", "POST", "id", "mark", "mark", "DELETE");
    assertThat(service.keys).hasSize(1);
  }
}
