package dev.rekindle.snapshotter.host.protocol;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;

/** The JSON of requests, replies and events. Thread-safe. */
public final class HostJson {
  private static final ObjectMapper STRICT =
      JsonMapper.builder()
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
          .serializationInclusion(JsonInclude.Include.NON_NULL)
          .build();
  private static final ObjectMapper LENIENT =
      STRICT.copy().disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);

  private HostJson() {}

  /** A request with its {@code op}. */
  public static byte[] request(HostRequest request) {
    return write(STRICT.valueToTree(request));
  }

  /**
   * @throws HostException {@code host.bad_request}
   */
  public static HostRequest readRequest(byte[] json) throws HostException {
    try {
      HostRequest request = STRICT.readValue(json, HostRequest.class);
      if (request == null) {
        throw new HostException("host.bad_request", "request must be an object, got null");
      }
      return request;
    } catch (JsonProcessingException e) {
      throw new HostException("host.bad_request", reason(e), null, e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** {@code {"ok": ...}}. */
  public static byte[] ok(HostReply reply) {
    ObjectNode root = STRICT.createObjectNode();
    root.set("ok", STRICT.valueToTree(reply));
    return write(root);
  }

  /** {@code {"error": ...}}. */
  public static byte[] error(HostException failure) {
    ObjectNode root = STRICT.createObjectNode();
    ObjectNode error = root.putObject("error");
    error.put("code", failure.code());
    error.put("message", failure.getMessage());
    if (failure.consoleTail() != null) {
      error.put("consoleTail", failure.consoleTail());
    }
    return write(root);
  }

  /**
   * The reply's {@code ok} as the record that belongs to the request.
   *
   * @throws HostException the reply's {@code error}, or {@code host.bad_reply} if it is neither
   */
  public static <T extends HostReply> T readReply(byte[] json, Class<T> type) throws HostException {
    try {
      JsonNode root = LENIENT.readTree(json);
      JsonNode error = root.get("error");
      if (error != null) {
        throw new HostException(
            error.path("code").asText("host.internal"),
            error.path("message").asText(),
            error.path("consoleTail").asText(null),
            null);
      }
      if (!root.path("ok").isObject()) {
        throw new HostException("host.bad_reply", "reply has neither ok nor error");
      }
      return LENIENT.treeToValue(root.get("ok"), type);
    } catch (JsonProcessingException e) {
      throw new HostException("host.bad_reply", reason(e), null, e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** An event of any kind. */
  public static byte[] event(HostEvent event) {
    ObjectNode root = STRICT.createObjectNode();
    switch (event) {
      case HostEvent.Started(long pid) -> root.putObject("started").put("pid", pid);
      case HostEvent.Window(int bytes) -> root.put("window", bytes);
      case HostEvent.SandboxExited(String sandboxId, String reason, String consoleTail) ->
          root.put("event", "sandboxExited")
              .put("sandboxId", sandboxId)
              .put("reason", reason)
              .put("consoleTail", consoleTail);
    }
    return write(root);
  }

  /**
   * @throws ProtocolException if it is none of the events known
   */
  public static HostEvent readEvent(byte[] json) throws ProtocolException {
    try {
      JsonNode root = LENIENT.readTree(json);
      if (root.path("window").canConvertToInt() && root.path("window").intValue() > 0) {
        return new HostEvent.Window(root.get("window").intValue());
      }
      if (root.has("started")) {
        return new HostEvent.Started(root.get("started").path("pid").asLong());
      }
      if ("sandboxExited".equals(root.path("event").asText())) {
        return new HostEvent.SandboxExited(
            root.path("sandboxId").asText(),
            root.path("reason").asText(),
            root.path("consoleTail").asText());
      }
      throw new ProtocolException("unknown event");
    } catch (JsonProcessingException e) {
      throw new ProtocolException("event is not JSON: " + reason(e));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static byte[] write(ObjectNode node) {
    try {
      return STRICT.writeValueAsBytes(node);
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Jackson's reason without its quotation of the source. */
  private static String reason(JsonProcessingException e) {
    Throwable cause = e.getCause();
    return cause instanceof IllegalArgumentException ? cause.getMessage() : e.getOriginalMessage();
  }
}
