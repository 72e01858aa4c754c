package dev.rekindle.pool.http;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.cfg.CoercionAction;
import com.fasterxml.jackson.databind.cfg.CoercionInputShape;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.type.LogicalType;
import dev.rekindle.pool.error.ErrorCode;
import dev.rekindle.pool.error.ServiceException;
import java.io.IOException;
import java.util.stream.Collectors;

/**
 * Bodies in and out. Reading is strict: unknown fields, wrong types and trailing text are errors.
 */
final class Json {
  private static final ObjectMapper MAPPER = strict();

  private Json() {}

  private static ObjectMapper strict() {
    ObjectMapper mapper =
        JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
            .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
            .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
            .build();
    mapper
        .coercionConfigFor(LogicalType.Textual)
        .setCoercion(CoercionInputShape.Integer, CoercionAction.Fail)
        .setCoercion(CoercionInputShape.Float, CoercionAction.Fail)
        .setCoercion(CoercionInputShape.Boolean, CoercionAction.Fail);
    return mapper;
  }

  static ObjectNode object() {
    return MAPPER.createObjectNode();
  }

  static JsonNode node(Object value) {
    return MAPPER.valueToTree(value);
  }

  static String text(Object value) {
    try {
      return MAPPER.writeValueAsString(value);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  static JsonNode tree(byte[] body) {
    return read(body, JsonNode.class);
  }

  /**
   * Reads a body.
   *
   * @throws ServiceException {@code request.not_json}, {@code request.invalid}
   */
  static <T> T read(byte[] body, Class<T> type) {
    if (body.length == 0) {
      throw new ServiceException(ErrorCode.REQUEST_NOT_JSON, "the body is empty");
    }
    try {
      T value = MAPPER.readValue(body, type);
      if (value == null || value instanceof JsonNode node && !node.isObject()) {
        throw new ServiceException(ErrorCode.REQUEST_NOT_JSON, "the body must be a JSON object");
      }
      return value;
    } catch (UnrecognizedPropertyException e) {
      throw invalid(
          "unknown field '"
              + path(e)
              + "'; known are "
              + e.getKnownPropertyIds().stream().map(String::valueOf).sorted().toList());
    } catch (JsonMappingException e) {
      if (e.getCause() instanceof ServiceException s) {
        throw s;
      }
      boolean checked = e.getCause() instanceof IllegalArgumentException;
      String reason = checked ? e.getCause().getMessage() : e.getOriginalMessage();
      throw invalid(path(e).isEmpty() ? reason : path(e) + ": " + reason);
    } catch (JacksonException e) {
      throw new ServiceException(ErrorCode.REQUEST_NOT_JSON, e.getOriginalMessage());
    } catch (IOException e) {
      throw new ServiceException(ErrorCode.REQUEST_NOT_JSON, String.valueOf(e.getMessage()));
    }
  }

  private static ServiceException invalid(String detail) {
    return new ServiceException(ErrorCode.REQUEST_INVALID, detail);
  }

  private static String path(JsonMappingException e) {
    return e.getPath().stream()
        .map(r -> r.getFieldName() != null ? r.getFieldName() : "[" + r.getIndex() + "]")
        .collect(Collectors.joining("."));
  }
}
