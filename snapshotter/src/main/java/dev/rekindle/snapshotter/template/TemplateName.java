package dev.rekindle.snapshotter.template;

import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.regex.Pattern;

/**
 * The form of a template's name, which is also a file's name and the start of its snapshots' ids.
 */
public final class TemplateName {
  /** What a name must match. */
  public static final Pattern PATTERN = Pattern.compile("[a-z0-9][a-z0-9-]{0,47}");

  private static final SecureRandom RANDOM = new SecureRandom();

  private TemplateName() {}

  /**
   * @param name perhaps a template's name
   * @return whether it is one
   */
  public static boolean isValid(String name) {
    return PATTERN.matcher(name).matches();
  }

  /**
   * @param name perhaps a template's name
   * @return the name
   * @throws IllegalArgumentException if it is none
   */
  public static String require(String name) {
    if (!isValid(name)) {
      throw new IllegalArgumentException("template name must match " + PATTERN + ", got " + name);
    }
    return name;
  }

  /**
   * @param name a template's name
   * @return an id no other snapshot has
   */
  static String newSnapshotId(String name) {
    byte[] random = new byte[6];
    RANDOM.nextBytes(random);
    return require(name) + "-" + HexFormat.of().formatHex(random);
  }
}
