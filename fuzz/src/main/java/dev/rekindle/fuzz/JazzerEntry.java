package dev.rekindle.fuzz;

/**
 * Where Jazzer comes in ({@code --target_class}); it finds these methods by their names. Which
 * target it means is in the system property {@link #PROPERTY}.
 */
public final class JazzerEntry {
  /** Name of a target. */
  public static final String PROPERTY = "rekindle.fuzz.target";

  private static FuzzTarget target;

  private JazzerEntry() {}

  /** Called once, before the first input. */
  public static void fuzzerInitialize() {
    target = Targets.named(System.getProperty(PROPERTY, ""));
  }

  /**
   * Called with every input.
   *
   * @param input the fuzzer's
   * @throws Exception a finding
   */
  public static void fuzzerTestOneInput(byte[] input) throws Exception {
    run(target, input);
  }

  /** One input of one target, with errors that were only logged. */
  static void run(FuzzTarget target, byte[] input) throws Exception {
    ErrorLog.clear();
    target.run(input);
    ErrorLog.requireNone();
  }
}
