package dev.rekindle.pool.auth;

import dev.rekindle.pool.error.ErrorCode;
import dev.rekindle.pool.error.ServiceException;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/** What one request may do, from its arrival to its end. Thread: one event loop. */
public final class Grant {
  /**
   * What is left of a key's requests.
   *
   * @param limit a second
   * @param remaining now
   * @param resetSeconds until all of the limit is there again, rounded up
   */
  public record Rate(int limit, int remaining, int resetSeconds) {}

  private static final Set<Scope> ALL = EnumSet.allOf(Scope.class);

  private final HeldKey held;
  private Consumer<ServiceException> onLost;

  Grant(HeldKey held) {
    this.held = held;
  }

  /**
   * @return the grant of a request without a key, where none is needed: all of it
   */
  static Grant ofNobody() {
    return new Grant(null);
  }

  /**
   * @return the key that was shown, if one was
   */
  public Optional<ApiKey> key() {
    return held == null ? Optional.empty() : Optional.of(held.key);
  }

  /**
   * @return what may be done
   */
  public Set<Scope> scopes() {
    return held == null ? ALL : held.key.scopes();
  }

  /**
   * @return what is left of the key's requests, if they are limited
   */
  public Optional<Rate> rate() {
    return held == null || held.rate == null ? Optional.empty() : Optional.of(held.rate.left());
  }

  /**
   * The request begins: one less of those that the key may send, and ended with it should it end.
   *
   * @throws ServiceException {@code limit.rate}
   */
  public void begin() {
    if (held == null) {
      return;
    }
    if (held.rate != null && !held.rate.take(System.nanoTime())) {
      throw new ServiceException(
          ErrorCode.RATE_LIMIT,
          "key " + held.key.id() + " may send " + held.key.requestsPerSecond() + " a second");
    }
    held.open.add(this);
  }

  /**
   * Says what to do when the key ends before the request does. The last one said counts.
   *
   * @param action given the reason
   */
  public void onLost(Consumer<ServiceException> action) {
    onLost = action;
  }

  void lost(ServiceException reason) {
    if (onLost != null) {
      onLost.accept(reason);
    }
  }

  /** The request is over. */
  public void end() {
    if (held != null) {
      held.open.remove(this);
    }
  }

  /**
   * Takes one of the leases that the key may hold, before there is one.
   *
   * @throws ServiceException {@code limit.leases}
   */
  public void reserveLease() {
    if (held == null) {
      return;
    }
    int most = held.key.maxLeases();
    if (most > 0 && held.leases() >= most) {
      throw new ServiceException(
          ErrorCode.LEASE_LIMIT,
          "key " + held.key.id() + " may hold " + most + " leases at once, and does");
    }
    held.pending++;
  }

  /**
   * What became of a reservation.
   *
   * @param leaseId the lease, or null if there is none
   */
  public void reserved(String leaseId) {
    if (held != null) {
      held.pending--;
      if (leaseId != null) {
        held.leaseIds.add(leaseId);
      }
    }
  }
}
