package dev.rekindle.pool.http;

import dev.rekindle.pool.auth.Scope;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Which scopes open which route; any of those named does. A route that is not here is not there.
 */
final class RouteAccess {
  private static final Set<Scope> NOBODY = Set.of();
  private static final Set<Scope> ANY = EnumSet.allOf(Scope.class);
  private static final Set<Scope> LEASE = EnumSet.of(Scope.LEASE);
  private static final Set<Scope> OPERATE = EnumSet.of(Scope.OPERATE);
  private static final Set<Scope> OBSERVE = EnumSet.of(Scope.OBSERVE);
  private static final Set<Scope> LEASE_OR_OBSERVE = EnumSet.of(Scope.LEASE, Scope.OBSERVE);
  private static final Set<Scope> OPERATE_OR_OBSERVE = EnumSet.of(Scope.OPERATE, Scope.OBSERVE);

  /**
   * A route and who may use it.
   *
   * @param method of HTTP
   * @param path as in {@code openapi.yaml}
   * @param scopes any of which is enough; none for a route that wants no key
   */
  record Rule(String method, String path, Set<Scope> scopes, Pattern pattern) {
    Rule(String method, String path, Set<Scope> scopes) {
      this(method, path, scopes, Pattern.compile(path.replaceAll("\\{\\w+}", "[^/]+")));
    }

    boolean isPublic() {
      return scopes.isEmpty();
    }
  }

  static final List<Rule> RULES =
      List.of(
          new Rule("POST", "/v1/leases", LEASE),
          new Rule("GET", "/v1/leases", OBSERVE),
          new Rule("GET", "/v1/leases/{id}", LEASE_OR_OBSERVE),
          new Rule("DELETE", "/v1/leases/{id}", LEASE),
          new Rule("POST", "/v1/leases/{id}/renew", LEASE),
          new Rule("POST", "/v1/leases/{id}/exec", LEASE),
          new Rule("GET", "/v1/leases/{id}/terminal", LEASE),
          new Rule("POST", "/v1/run", LEASE),
          new Rule("GET", "/v1/events", OBSERVE),
          new Rule("GET", "/v1/templates", ANY),
          new Rule("GET", "/v1/templates/{name}", ANY),
          new Rule("PUT", "/v1/templates/{name}", OPERATE),
          new Rule("DELETE", "/v1/templates/{name}", OPERATE),
          new Rule("GET", "/v1/pools", OPERATE_OR_OBSERVE),
          new Rule("GET", "/v1/pools/{template}", OPERATE_OR_OBSERVE),
          new Rule("PUT", "/v1/pools/{template}", OPERATE),
          new Rule("DELETE", "/v1/pools/{template}", OPERATE),
          new Rule("GET", "/v1/keys", OPERATE),
          new Rule("POST", "/v1/keys", OPERATE),
          new Rule("DELETE", "/v1/keys/{id}", OPERATE),
          new Rule("GET", "/v1/self", ANY),
          new Rule("GET", "/v1/status", OBSERVE),
          new Rule("POST", "/v1/handover", OPERATE),
          new Rule("GET", "/metrics", OBSERVE),
          new Rule("GET", "/", NOBODY),
          new Rule("GET", "/console/{part}", NOBODY),
          new Rule("GET", "/healthz", NOBODY),
          new Rule("GET", "/readyz", NOBODY),
          new Rule("GET", "/openapi.yaml", NOBODY));

  private RouteAccess() {}

  static Optional<Rule> find(String method, String path) {
    return RULES.stream()
        .filter(rule -> rule.method.equals(method) && rule.pattern.matcher(path).matches())
        .findFirst();
  }

  /** Whether another method has a route there. */
  static boolean hasPath(String path) {
    return RULES.stream().anyMatch(rule -> rule.pattern.matcher(path).matches());
  }
}
