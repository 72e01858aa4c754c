package dev.rekindle.cli;

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

  private ExitCodes() {}
}
