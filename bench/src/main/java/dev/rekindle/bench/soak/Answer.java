package dev.rekindle.bench.soak;

import com.fasterxml.jackson.databind.JsonNode;

/** What came of a request. */
sealed interface Answer {
  /** Done; the body is empty where there was none. */
  record Done(JsonNode body) implements Answer {}

  /** A problem document with a code. */
  record Refused(String code) implements Answer {}

  /**
   * No answer.
   *
   * @param neverSent whether nobody listened, so that the request had no effect
   */
  record Unreachable(boolean neverSent, String why) implements Answer {}

  /** Something that the API does not promise: an error without a code, a body that is no JSON. */
  record Wrong(String what) implements Answer {}
}
