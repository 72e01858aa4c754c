package dev.rekindle.pool.error;

/**
 * Every error the HTTP API gives, with its stable code and status; {@code docs/errors.md} is made
 * of this.
 */
public enum ErrorCode {
  REQUEST_NOT_JSON("request.not_json", 400, "The body is not a JSON object"),
  REQUEST_INVALID("request.invalid", 400, "A field is missing, unknown or out of its range"),
  REQUEST_TOO_LARGE("request.too_large", 413, "The body is larger than is accepted"),
  ROUTE_UNKNOWN("route.unknown", 404, "There is nothing at this path"),
  METHOD_NOT_ALLOWED("route.method_not_allowed", 405, "The path does not take this method"),
  LEASE_UNKNOWN("lease.unknown", 404, "There is no lease of this id"),
  LEASE_EXPIRED("lease.expired", 410, "The lease's deadline has passed"),
  LEASE_RELEASED("lease.released", 410, "The lease was released"),
  LEASE_LOST("lease.sandbox_lost", 410, "The sandbox under the lease stopped"),
  LEASE_TOKEN_MISSING("lease.token_missing", 401, "The lease's token is needed"),
  LEASE_TOKEN_WRONG("lease.token_wrong", 403, "The token is not the lease's"),
  TEMPLATE_UNKNOWN("template.unknown", 404, "There is no template of this name"),
  TEMPLATE_BUSY("template.build_in_progress", 409, "The template is being built"),
  TEMPLATE_BUILD_FAILED("template.build_failed", 422, "The template could not be built"),
  NO_SPACE("state.no_space", 507, "The disk of the state directory is full"),
  POOL_EXHAUSTED("pool.exhausted", 503, "All places are taken"),
  POOL_UNKNOWN("pool.unknown", 404, "There is no pool of this template"),
  HOST_UNAVAILABLE("host.unavailable", 503, "The host process is not there"),
  KVM_UNAVAILABLE("kvm.unavailable", 503, "This machine has no usable KVM"),
  RESTORE_FAILED("sandbox.restore_failed", 500, "The sandbox could not be made"),
  EXEC_FAILED("exec.failed", 422, "The command could not be run"),
  STOPPING("service.stopping", 503, "The service is stopping"),
  INTERNAL("internal", 500, "A defect in the service");

  private final String code;
  private final int status;
  private final String title;

  ErrorCode(String code, int status, String title) {
    this.code = code;
    this.status = status;
    this.title = title;
  }

  /**
   * @return stable, for programs
   */
  public String code() {
    return code;
  }

  /**
   * @return HTTP status
   */
  public int status() {
    return status;
  }

  /**
   * @return one sentence, for people
   */
  public String title() {
    return title;
  }
}
