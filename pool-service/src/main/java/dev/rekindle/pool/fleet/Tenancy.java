package dev.rekindle.pool.fleet;

/** Whom a process may serve. It is decided by its first lease and never changes after that. */
sealed interface Tenancy {
  /** Nobody was served yet. */
  record Free() implements Tenancy {}

  /** One tenant alone. */
  record Only(String tenant) implements Tenancy {}

  /** Every tenant who allows that. */
  record Shared() implements Tenancy {}

  /** It was taken over from an earlier service, which is not known to have served whom. */
  record Unknown() implements Tenancy {}

  Tenancy FREE = new Free();

  default boolean admits(String tenant, boolean shared) {
    return switch (this) {
      case Free _ -> true;
      case Only(String only) -> only.equals(tenant);
      case Shared _ -> shared;
      case Unknown _ -> false;
    };
  }

  /** As it is once this lease is in the process. */
  default Tenancy with(String tenant, boolean shared) {
    return switch (this) {
      case Free _, Unknown _ -> shared ? new Shared() : new Only(tenant);
      case Only _, Shared _ -> this;
    };
  }
}
