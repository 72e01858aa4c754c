package dev.rekindle.cli;

import com.fasterxml.jackson.databind.JsonNode;

/** Exit codes of {@code rekindle} itself; {@code run} and {@code exec} give the command's own. */
final class ExitCodes {
  /** The service refused or failed. */
  static final int FAILED = 1;

  /** Wrong usage, or something the machine lacks. */
  static final int USAGE = 2;

  /** The service is not up. */
  static final int NOT_UP = 3;

  /** {@code run} and {@code exec}: the service failed, not the command. */
  static final int INFRASTRUCTURE = 125;

  /** {@code run} and {@code exec}: the command was stopped by its time limit. */
  static final int TIMED_OUT = 124;

  /** {@code run} and {@code exec}: there is no such command. */
  static final int NOT_FOUND = 127;

  private static final int SIGNALED = 128;

  private ExitCodes() {}

  /** Ours for a command that ended: its own, unless a limit or a signal ended it. */
  static int ofExit(JsonNode exit) {
    if (exit.path("timedOut").asBoolean()) {
      return TIMED_OUT;
    }
    int signal = exit.path("signal").asInt();
    return signal > 0 ? SIGNALED + signal : exit.path("exitCode").asInt();
  }

  /** Ours for a command that could not be run to its end. */
  static int ofProblem(JsonNode problem) {
    return problem.path("code").asText().equals("exec.not_found") ? NOT_FOUND : INFRASTRUCTURE;
  }

  /**
   * Ours for a failure of ours or of the service.
   *
   * @param runsCommand whether the exit code is otherwise a command's, which a failure must not be
   *     taken for
   */
  static int ofFailure(int exitCode, boolean runsCommand) {
    return runsCommand && exitCode != USAGE ? INFRASTRUCTURE : exitCode;
  }
}
