package dev.rekindle.pool.lease;

import java.util.regex.Pattern;

/**
 * What a client sends again with a request that it repeats;
 * draft-ietf-httpapi-idempotency-key-header, whose quotes may be left out.
 *
 * @param scope whose key it is; two scopes know nothing of each other's
 * @param value 1 to 128 characters of printable ASCII without space, quote and backslash
 * @param request what was asked for, in a form that is the same for the same request
 */
public record IdempotencyKey(String scope, String value, String request) {
  private static final Pattern VALUE = Pattern.compile("[!#-\\[\\]-~]{1,128}");

  /** Checks the value. */
  public IdempotencyKey {
    if (!VALUE.matcher(value).matches()) {
      throw new IllegalArgumentException(
          "Idempotency-Key must have 1 to 128 printable characters of ASCII without space, quote"
              + " and backslash, got "
              + value.length()
              + " characters that do not fit");
    }
  }

  /**
   * Reads the header's value.
   *
   * @param scope see the record
   * @param header with or without quotes
   * @param request see the record
   * @return the key
   * @throws IllegalArgumentException if it is none
   */
  public static IdempotencyKey of(String scope, String header, String request) {
    String text = header.strip();
    boolean quoted = text.length() >= 2 && text.startsWith("\"") && text.endsWith("\"");
    return new IdempotencyKey(scope, quoted ? text.substring(1, text.length() - 1) : text, request);
  }
}
