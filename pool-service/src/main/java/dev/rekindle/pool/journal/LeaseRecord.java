package dev.rekindle.pool.journal;

import java.util.List;
import java.util.Map;

/** What happened to a lease; {@code docs/lease-journal.md}, "Records". */
public sealed interface LeaseRecord {
  /**
   * @return of the lease
   */
  String id();

  /**
   * What a lease is of.
   *
   * @param template its name
   * @param snapshotId what the sandbox was restored from
   * @param tenant whom it is for, may be empty
   * @param run whether it is that of one {@code /v1/run}, whose token nobody was told
   * @param createdMillis wall time, milliseconds since 1970
   */
  record Origin(
      String template, String snapshotId, String tenant, boolean run, long createdMillis) {}

  /**
   * What renewing changes.
   *
   * @param expiresMillis wall time of the deadline, for people
   * @param deadlineBootMillis the deadline in milliseconds since the machine's boot
   * @param generation of the token, counted from 1
   * @param token digest of the holder's token
   */
  record Terms(long expiresMillis, long deadlineBootMillis, int generation, Digest token) {}

  /**
   * The Idempotency-Key it was asked for with.
   *
   * @param key digest of the key
   * @param request digest of what was asked for
   */
  record Keyed(Digest key, Digest request) {
    /** Without a key. */
    public static final Keyed NONE = new Keyed(Digest.NONE, Digest.NONE);

    /**
     * @return whether there is a key
     */
    public boolean isPresent() {
      return !key.isNone();
    }
  }

  /**
   * A lease was given, or is still there at the beginning of a file.
   *
   * @param id of the lease and of its sandbox
   * @param origin what it is of
   * @param terms as they are
   * @param formerTokens digests of tokens it had before, oldest first
   * @param keyed its key
   * @param served how
   * @param stagesMicros microseconds by stage
   */
  record Given(
      String id,
      Origin origin,
      Terms terms,
      List<Digest> formerTokens,
      Keyed keyed,
      String served,
      Map<String, Long> stagesMicros)
      implements LeaseRecord {}

  /**
   * A lease has other terms.
   *
   * @param id of the lease
   * @param terms the new ones
   */
  record Renewed(String id, Terms terms) implements LeaseRecord {}

  /**
   * A lease ended.
   *
   * @param id of the lease
   * @param code why: a code of {@code docs/errors.md}
   * @param detail for people
   * @param endedBootMillis when, in milliseconds since the machine's boot
   * @param token digest of its last token
   * @param keyed its key
   */
  record Ended(
      String id, String code, String detail, long endedBootMillis, Digest token, Keyed keyed)
      implements LeaseRecord {}
}
