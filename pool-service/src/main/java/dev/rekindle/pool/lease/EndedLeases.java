package dev.rekindle.pool.lease;

import dev.rekindle.pool.error.ErrorCode;
import dev.rekindle.pool.error.ServiceException;
import dev.rekindle.pool.journal.Digest;
import dev.rekindle.pool.journal.LeaseRecord;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/** Why the last {@value #MAX} leases ended, for whoever asks for them still. */
final class EndedLeases {
  static final int MAX = 10_000;

  /** Of those without a key, how many a successor of the service is told of. */
  static final int MAX_KEPT_WITHOUT_KEY = 1_000;

  private final Map<String, LeaseRecord.Ended> ended = new LinkedHashMap<>();
  private final Set<Digest> tokens = new HashSet<>();
  private final Consumer<LeaseRecord.Ended> onForgotten;

  /**
   * @param onForgotten told of each that is not known any more
   */
  EndedLeases(Consumer<LeaseRecord.Ended> onForgotten) {
    this.onForgotten = onForgotten;
  }

  void add(LeaseRecord.Ended record) {
    ended.put(record.id(), record);
    tokens.add(record.token());
    if (ended.size() > MAX) {
      LeaseRecord.Ended eldest = ended.values().iterator().next();
      ended.remove(eldest.id());
      tokens.remove(eldest.token());
      onForgotten.accept(eldest);
    }
  }

  LeaseRecord.Ended find(String id) {
    return ended.get(id);
  }

  /** Whether it was the last token of one of them. */
  boolean wasToken(Digest shown) {
    return tokens.contains(shown);
  }

  boolean wasReleased(String id) {
    LeaseRecord.Ended gone = ended.get(id);
    return gone != null && code(gone) == ErrorCode.LEASE_RELEASED;
  }

  /** What to tell who asks for a lease that is not there. */
  ServiceException why(String id) {
    LeaseRecord.Ended gone = ended.get(id);
    return gone == null
        ? new ServiceException(ErrorCode.LEASE_UNKNOWN, "no lease '" + id + "'")
        : new ServiceException(code(gone), "lease " + id + ": " + gone.detail());
  }

  private static ErrorCode code(LeaseRecord.Ended gone) {
    return Arrays.stream(ErrorCode.values())
        .filter(error -> error.code().equals(gone.code()))
        .findFirst()
        .orElse(ErrorCode.LEASE_LOST);
  }

  /** Those a successor should know of, oldest first. */
  List<LeaseRecord.Ended> kept() {
    int without = (int) ended.values().stream().filter(e -> !e.keyed().isPresent()).count();
    List<LeaseRecord.Ended> kept = new ArrayList<>();
    for (LeaseRecord.Ended one : ended.values()) {
      if (one.keyed().isPresent() || without-- <= MAX_KEPT_WITHOUT_KEY) {
        kept.add(one);
      }
    }
    return kept;
  }
}
