package dev.rekindle.snapshotter.agent;

import java.util.Objects;

/** The agent refused a request. */
public final class AgentException extends Exception {
  private static final long serialVersionUID = 1L;

  private final String code;

  /**
   * @param code as the agent gave it
   * @param message as the agent gave it
   */
  public AgentException(String code, String message) {
    super(code + ": " + message);
    this.code = Objects.requireNonNull(code);
  }

  /**
   * @return as the agent gave it
   */
  public String code() {
    return code;
  }
}
