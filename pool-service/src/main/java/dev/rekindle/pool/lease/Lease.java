package dev.rekindle.pool.lease;

import java.time.Instant;
import java.util.Map;

/**
 * The exclusive right to one sandbox until a deadline.
 *
 * @param id of the lease and of its sandbox
 * @param template whose sandbox
 * @param snapshotId what it was restored from
 * @param token the holder's secret
 * @param hostname of the sandbox
 * @param createdAt when it was given
 * @param expiresAt wall time of the deadline, for people
 * @param deadlineNanos the deadline by {@link System#nanoTime}
 * @param served {@code new}, {@code shell}, {@code parked} or {@code boot}
 * @param stagesMicros microseconds of each stage
 */
public record Lease(
    String id,
    String template,
    String snapshotId,
    String token,
    String hostname,
    Instant createdAt,
    Instant expiresAt,
    long deadlineNanos,
    String served,
    Map<String, Long> stagesMicros) {
  Lease withDeadline(Instant wall, long nanos) {
    return new Lease(
        id, template, snapshotId, token, hostname, createdAt, wall, nanos, served, stagesMicros);
  }
}
