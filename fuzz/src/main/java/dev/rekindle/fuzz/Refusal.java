package dev.rekindle.fuzz;

/** A typed error is what bad input is to lead to, and it says what was wrong. */
public final class Refusal {
  private Refusal() {}

  /**
   * @param code of a typed error
   * @param refused the error
   */
  public static void check(Object code, Exception refused) {
    if (code == null) {
      throw new AssertionError("refused without a code", refused);
    }
    check(refused);
  }

  /**
   * @param refused an error whose type says it all
   */
  public static void check(Exception refused) {
    if (refused.getMessage() == null || refused.getMessage().isBlank()) {
      throw new AssertionError("refused without a reason", refused);
    }
  }
}
