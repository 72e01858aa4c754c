package dev.rekindle.snapshotter;

/**
 * Logging of this module's own processes: to standard error, from INFO on. Call it before the first
 * logger is made; {@code -Dlogback.configurationFile} overrides it.
 */
public final class ProcessLogging {
  private static final String PROPERTY = "logback.configurationFile";

  private ProcessLogging() {}

  /** Chooses the configuration. */
  public static void configure() {
    if (System.getProperty(PROPERTY) == null) {
      System.setProperty(PROPERTY, "dev/rekindle/snapshotter/logback-process.xml");
    }
  }
}
