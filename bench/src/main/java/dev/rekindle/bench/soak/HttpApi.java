package dev.rekindle.bench.soak;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.time.Duration;

/** The service's HTTP API on this machine. Thread: any. */
final class HttpApi implements Call.Api, AutoCloseable {
  static final ObjectMapper JSON = new ObjectMapper();

  /** Longer than the service lets anything wait. */
  private static final Duration TIMEOUT = Duration.ofSeconds(120);

  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private final String base;

  HttpApi(int port) {
    base = "http://127.0.0.1:" + port;
  }

  @Override
  public Answer call(Call call) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(base + call.path()))
            .timeout(TIMEOUT)
            .header("Content-Type", "application/json")
            .method(call.method(), HttpRequest.BodyPublishers.ofString(call.body()));
    call.headers().forEach(request::header);
    try {
      HttpResponse<String> response =
          http.send(request.build(), HttpResponse.BodyHandlers.ofString());
      return answer(response.statusCode(), response.body());
    } catch (HttpTimeoutException e) {
      return new Answer.Wrong("no answer to " + call.method() + " within " + TIMEOUT.toSeconds());
    } catch (IOException e) {
      return new Answer.Unreachable(e instanceof ConnectException, e.toString());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return new Answer.Wrong("interrupted");
    }
  }

  static Answer answer(int status, String body) {
    JsonNode json;
    try {
      json = body.isEmpty() ? JSON.createObjectNode() : JSON.readTree(body);
    } catch (JsonProcessingException e) {
      return new Answer.Wrong(status + " with a body that is no JSON");
    }
    if (status / 100 == 2) {
      return new Answer.Done(json);
    }
    String code = json.path("code").asText();
    return code.isEmpty() ? new Answer.Wrong(status + " without a code") : new Answer.Refused(code);
  }

  @Override
  public void close() {
    http.close();
  }
}
