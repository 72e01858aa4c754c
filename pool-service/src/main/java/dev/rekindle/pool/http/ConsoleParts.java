package dev.rekindle.pool.http;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;

/** The files the console is made of; the last three are xterm.js, fetched by the build. */
final class ConsoleParts {
  static final List<String> NAMES =
      List.of(
          "index.html",
          "style.css",
          "icon.svg",
          "app.js",
          "api.js",
          "feed.js",
          "latency.js",
          "lease.js",
          "tables.js",
          "terminal.js",
          "xterm.js",
          "xterm.css",
          "xterm.LICENSE.txt");

  private ConsoleParts() {}

  static String digest(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes), 0, 16);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
