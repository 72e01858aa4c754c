package dev.rekindle.pool.lease;

import dev.rekindle.pool.journal.Digest;
import dev.rekindle.pool.journal.LeaseRecord;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The exclusive right to one sandbox until a deadline.
 *
 * @param given as the journal has it
 * @param deadlineNanos the deadline by {@link System#nanoTime}
 */
public record Lease(LeaseRecord.Given given, long deadlineNanos) {
  /**
   * @return of the lease, its sandbox and the sandbox's host name
   */
  public String id() {
    return given.id();
  }

  /**
   * @return whose sandbox
   */
  public String template() {
    return given.origin().template();
  }

  /**
   * @return whom it is for, may be empty
   */
  public String tenant() {
    return given.origin().tenant();
  }

  /**
   * @return what it was restored from
   */
  public String snapshotId() {
    return given.origin().snapshotId();
  }

  /**
   * @return when it was given
   */
  public Instant createdAt() {
    return Instant.ofEpochMilli(given.origin().createdMillis());
  }

  /**
   * @return wall time of the deadline, for people
   */
  public Instant expiresAt() {
    return Instant.ofEpochMilli(given.terms().expiresMillis());
  }

  /**
   * @return counts the holder's tokens, from 1
   */
  public int generation() {
    return given.terms().generation();
  }

  /**
   * @return {@code new}, {@code shell}, {@code parked} or {@code boot}
   */
  public String served() {
    return given.served();
  }

  /**
   * @return microseconds of each stage
   */
  public Map<String, Long> stagesMicros() {
    return given.stagesMicros();
  }

  Digest token() {
    return given.terms().token();
  }

  boolean wasToken(Digest shown) {
    return given.formerTokens().contains(shown);
  }

  Lease with(LeaseRecord.Terms terms, long nanos) {
    List<Digest> former = new ArrayList<>(given.formerTokens());
    if (!terms.token().equals(token())) {
      former.add(token());
    }
    return new Lease(
        new LeaseRecord.Given(
            id(), given.origin(), terms, former, given.keyed(), served(), stagesMicros()),
        nanos);
  }
}
