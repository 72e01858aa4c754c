package dev.rekindle.bench.soak;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A request.
 *
 * @param method of HTTP
 * @param path of it
 * @param body JSON, or empty
 * @param headers beside the usual ones
 */
record Call(String method, String path, String body, Map<String, String> headers) {
  /** What makes requests. Blocks. */
  interface Api {
    Answer call(Call call);
  }

  static Call of(String method, String path, String body) {
    return new Call(method, path, body, Map.of());
  }

  Call with(String header, String value) {
    Map<String, String> more = new LinkedHashMap<>(headers);
    more.put(header, value);
    return new Call(method, path, body, more);
  }
}
