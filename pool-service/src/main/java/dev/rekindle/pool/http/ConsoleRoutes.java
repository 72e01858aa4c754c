package dev.rekindle.pool.http;

import io.vertx.core.buffer.Buffer;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.TreeMap;

/**
 * The console: a page at {@code /} and its parts under {@code /console}, from the jar, in memory.
 * It is public; what it shows it asks of the API, with the key of who looks at it.
 */
final class ConsoleRoutes {
  /**
   * Nothing from elsewhere, no script in the page itself. Styles may be set by scripts: xterm.js
   * makes a style element for its colours.
   */
  static final String POLICY =
      "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
          + " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

  private static final String INDEX = "index.html";
  private static final Map<String, String> TYPES =
      Map.of(
          "html", "text/html; charset=utf-8",
          "css", "text/css; charset=utf-8",
          "js", "text/javascript; charset=utf-8",
          "svg", "image/svg+xml",
          "txt", "text/plain; charset=utf-8");

  private record Part(Buffer bytes, String type, String tag) {}

  private final Map<String, Part> parts = new TreeMap<>();

  ConsoleRoutes() {
    for (String name : ConsoleParts.NAMES) {
      try (InputStream in = ConsoleRoutes.class.getResourceAsStream("/console/" + name)) {
        if (in == null) {
          throw new IllegalStateException("the jar lacks /console/" + name);
        }
        byte[] bytes = in.readAllBytes();
        String ending = name.substring(name.lastIndexOf('.') + 1);
        String tag = "\"" + ConsoleParts.digest(bytes) + "\"";
        parts.put(name, new Part(Buffer.buffer(bytes), TYPES.get(ending), tag));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  void mount(Router router) {
    router.get("/").handler(context -> send(context, INDEX));
    router.get("/console/:part").handler(context -> send(context, context.pathParam("part")));
  }

  private void send(RoutingContext context, String name) {
    Part part = parts.get(name);
    if (part == null) {
      throw Access.nothing(context);
    }
    context
        .response()
        .putHeader("Content-Security-Policy", POLICY)
        .putHeader("X-Content-Type-Options", "nosniff")
        .putHeader("Referrer-Policy", "no-referrer")
        .putHeader("Cross-Origin-Opener-Policy", "same-origin")
        .putHeader("Cross-Origin-Resource-Policy", "same-origin")
        .putHeader("Cache-Control", "no-cache")
        .putHeader("ETag", part.tag);
    if (part.tag.equals(context.request().getHeader("If-None-Match"))) {
      context.response().setStatusCode(304).end();
    } else {
      context.response().putHeader("Content-Type", part.type).end(part.bytes);
    }
  }
}
