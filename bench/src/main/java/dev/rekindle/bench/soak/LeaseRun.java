package dev.rekindle.bench.soak;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.UUID;

/**
 * One lease from acquire to its end, and the entry it makes in the ledger. Thread: its own, once.
 */
final class LeaseRun implements Runnable {
  /** The service keeps deadlines to this, docs/api.md. */
  static final Duration ACCURACY = Duration.ofMillis(100);

  /** What an answer may take on its way, beyond the accuracy, on a machine with much to do. */
  static final Duration SLACK = Duration.ofSeconds(10);

  private static final int MAX_ATTEMPTS = 4;
  private static final int LONG_TTL_SECONDS = 120;

  /**
   * How it is to go.
   *
   * @param holdMillis how long it is held
   * @param expires whether it is left to its deadline, instead of released
   */
  record Plan(long holdMillis, boolean expires) {
    int ttlSeconds() {
      return expires ? (int) (holdMillis / 1000) + 2 : LONG_TTL_SECONDS;
    }
  }

  private final Call.Api api;
  private final InstantSource clock;
  private final FaultLog faults;
  private final Ledger ledger;
  private final String template;
  private final Plan plan;
  private final String mark = UUID.randomUUID().toString();
  private long begun;
  private String id;
  private String token;

  LeaseRun(
      Call.Api api,
      InstantSource clock,
      FaultLog faults,
      Ledger ledger,
      String template,
      Plan plan) {
    this.api = api;
    this.clock = clock;
    this.faults = faults;
    this.ledger = ledger;
    this.template = template;
    this.plan = plan;
  }

  /** The lease is over before its time. */
  private static final class Ended extends Exception {
    private static final long serialVersionUID = 1L;
    private final boolean typed;

    Ended(boolean typed, String what) {
      super(what, null, false, false);
      this.typed = typed;
    }
  }

  @Override
  public void run() {
    begun = faults.now();
    ledger.begun();
    try {
      live();
      ledger.worked(faults.wasServiceDownSince(begun));
    } catch (Ended e) {
      if (e.typed) {
        ledger.refused(e.getMessage());
      } else {
        ledger.broken(e.getMessage());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      ledger.broken("interrupted");
    } catch (RuntimeException e) {
      ledger.broken(e.toString());
    }
  }

  private void live() throws Ended, InterruptedException {
    JsonNode lease = acquire();
    id = lease.path("id").asText();
    token = lease.path("token").asText();
    Instant deadline = Instant.parse(lease.path("expiresAt").asText());
    String[] names = said("{\"argv\":[\"id\"]}").split("\n", -1);
    if (names.length < 3 || !names[2].equals(id)) {
      ledger.heldByTwo(id + " is in a sandbox of '" + String.join(" ", names) + "'");
    }
    meet("{\"argv\":[\"mark\",\"" + mark + "\"]}", true);
    Thread.sleep(plan.holdMillis);
    if (plan.expires) {
      expire(deadline);
    } else {
      meet("{\"argv\":[\"mark\"]}", false);
      ask(Call.of("DELETE", "/v1/leases/" + id, "").with("Rekindle-Lease-Token", token));
    }
  }

  /** The same key at each attempt: one whose answer was lost is found again. */
  private JsonNode acquire() throws Ended, InterruptedException {
    String body = "{\"template\":\"" + template + "\",\"ttlSeconds\":" + plan.ttlSeconds() + "}";
    return ask(Call.of("POST", "/v1/leases", body).with("Idempotency-Key", mark));
  }

  private Call exec(String body) {
    return Call.of("POST", "/v1/leases/" + id + "/exec", body).with("Rekindle-Lease-Token", token);
  }

  private String said(String body) throws Ended, InterruptedException {
    JsonNode result = ask(exec(body));
    if (result.path("exitCode").asInt(-1) != 0) {
      throw new Ended(false, "a command ended with " + result);
    }
    return result.path("stdout").asText();
  }

  /** Looks whose mark is in the sandbox. */
  private void meet(String body, boolean first) throws Ended, InterruptedException {
    String found = said(body).strip();
    if (found.isEmpty() && !first) {
      throw new Ended(false, "the mark is gone from " + id);
    }
    if (!found.isEmpty() && !found.equals(mark)) {
      ledger.heldByTwo(id + " holds the mark " + found + ", not " + mark);
    }
  }

  /** A command that never ends, ended by the deadline; then another, which must be refused. */
  private void expire(Instant deadline) throws Ended, InterruptedException {
    String end = "";
    try {
      ask(exec("{\"argv\":[\"sleep\"]}"));
    } catch (Ended e) {
      if (!e.typed) {
        throw e;
      }
      end = e.getMessage();
    }
    Duration late = Duration.between(deadline, clock.instant());
    ledger.endedAfterDeadline(late.toMillis());
    if (late.compareTo(ACCURACY.plus(SLACK)) > 0
        && !faults.wasAnySince(faults.now() - late.toNanos() - SLACK.toNanos())) {
      ledger.outlived(id + ": a command ran " + late.toMillis() + " ms beyond its deadline");
    }
    Thread.sleep(
        Math.max(0, Duration.between(clock.instant(), deadline.plus(ACCURACY)).toMillis()) + 1);
    refuse();
    if (!end.isEmpty() && !end.equals("lease.expired") && !end.equals("sandbox.released")) {
      throw new Ended(true, end);
    }
  }

  /** A command after deadline and accuracy. */
  private void refuse() throws Ended, InterruptedException {
    try {
      ask(exec("{\"argv\":[\"true\"]}"));
    } catch (Ended e) {
      if (e.typed) {
        return;
      }
      throw e;
    }
    ledger.outlived(id + " took a command after its deadline");
  }

  /** Asks until there is an answer, while the want of one is our own doing. */
  private JsonNode ask(Call call) throws Ended, InterruptedException {
    for (int attempt = 1; ; attempt++) {
      long from = faults.now();
      switch (api.call(call)) {
        case Answer.Done(JsonNode body) -> {
          return body;
        }
        case Answer.Refused(String code) -> throw new Ended(true, code);
        case Answer.Wrong(String what) ->
            throw new Ended(false, call.method() + " " + call.path() + ": " + what);
        case Answer.Unreachable(boolean neverSent, String why) -> {
          if (!faults.wasServiceDownSince(from)) {
            throw new Ended(false, call.method() + " " + call.path() + ": " + why);
          }
          if (attempt == MAX_ATTEMPTS || neverSent && id == null && attempt == 1) {
            throw new Ended(true, "unavailable");
          }
          faults.awaitServiceUp();
        }
      }
    }
  }
}
