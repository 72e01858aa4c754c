package dev.rekindle.pool.http;

import io.vertx.core.http.HttpServerRequest;

/**
 * What a page cannot put into headers of its own when it opens a WebSocket: it says it as further
 * protocols that it would speak, {@code rekindle.key.<key>} and {@code rekindle.token.<token>}.
 * Unlike a query, a header is in no log and no history.
 */
final class WebSocketSecrets {
  /** The protocol that is really spoken. */
  static final String PROTOCOL = "rekindle.terminal.v1";

  private static final String HEADER = "Sec-WebSocket-Protocol";
  private static final String KEY = "rekindle.key.";
  private static final String TOKEN = "rekindle.token.";

  private WebSocketSecrets() {}

  /** The API key, or null. */
  static String key(HttpServerRequest request) {
    return said(request, KEY);
  }

  /** The lease's token, of the header of other requests or else said so; or null. */
  static String leaseToken(HttpServerRequest request) {
    String header = request.getHeader(LeaseRoutes.TOKEN_HEADER);
    return header == null ? said(request, TOKEN) : header;
  }

  private static String said(HttpServerRequest request, String prefix) {
    String protocols = request.getHeader(HEADER);
    if (protocols != null) {
      for (String protocol : protocols.split(",", -1)) {
        if (protocol.strip().startsWith(prefix)) {
          return protocol.strip().substring(prefix.length());
        }
      }
    }
    return null;
  }
}
