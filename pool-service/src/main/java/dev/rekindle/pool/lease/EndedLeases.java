package dev.rekindle.pool.lease;

import dev.rekindle.pool.error.ErrorCode;
import dev.rekindle.pool.error.ServiceException;
import java.util.LinkedHashMap;
import java.util.Map;

/** Why the last {@value #MAX} leases ended, for whoever asks for them still. */
final class EndedLeases {
  static final int MAX = 10_000;

  private record Ended(ErrorCode why, String detail) {}

  private final Map<String, Ended> ended =
      new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Ended> eldest) {
          return size() > MAX;
        }
      };

  void add(String id, ErrorCode why, String detail) {
    ended.put(id, new Ended(why, detail));
  }

  boolean wasReleased(String id) {
    Ended gone = ended.get(id);
    return gone != null && gone.why == ErrorCode.LEASE_RELEASED;
  }

  /** What to tell who asks for a lease that is not there. */
  ServiceException why(String id) {
    Ended gone = ended.get(id);
    return gone == null
        ? new ServiceException(ErrorCode.LEASE_UNKNOWN, "no lease '" + id + "'")
        : new ServiceException(gone.why, "lease " + id + ": " + gone.detail);
  }
}
