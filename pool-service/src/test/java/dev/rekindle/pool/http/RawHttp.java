package dev.rekindle.pool.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/** HTTP/1.1 by hand, a connection for each request, so that a test decides when it breaks off. */
final class RawHttp {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final int port;

  RawHttp(int port) {
    this.port = port;
  }

  record Reply(int status, String head, String body) {
    JsonNode json() throws IOException {
      return JSON.readTree(body);
    }

    /** Status and code of what must be a problem document. */
    String problem() throws IOException {
      if (!head.toLowerCase(java.util.Locale.ROOT).contains("application/problem+json")) {
        return "no problem document: " + head + body;
      }
      JsonNode problem = json();
      boolean whole =
          problem.get("status").intValue() == status
              && problem.get("type").asText().endsWith('/' + problem.get("code").asText())
              && !problem.get("title").asText().isEmpty()
              && problem.has("detail");
      return whole ? status + " " + problem.get("code").asText() : "not whole: " + body;
    }
  }

  Reply send(String method, String path, String token, String body) throws IOException {
    return send(method, path, token, "application/json", body);
  }

  Reply send(String method, String path, String token, String accept, String body)
      throws IOException {
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    try (Socket socket = begin(method, path, token, accept, bytes.length)) {
      socket.getOutputStream().write(bytes);
      return reply(socket);
    }
  }

  /** Sends the head of a request and no byte of its body. */
  Socket begin(String method, String path, String token, String accept, int length)
      throws IOException {
    Socket socket = new Socket("127.0.0.1", port);
    socket.setSoTimeout(30_000);
    String head =
        "%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAccept: %s\r\nRekindle-Lease-Token: %s\r\n"
            + "Content-Length: %d\r\n\r\n";
    socket
        .getOutputStream()
        .write(
            head.formatted(method, path, accept, token, length)
                .getBytes(StandardCharsets.US_ASCII));
    return socket;
  }

  /** A reader of what comes, as it comes: head, chunk sizes and chunks. */
  static BufferedReader lines(Socket socket) throws IOException {
    return new BufferedReader(
        new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
  }

  /** Breaks the connection off at once, as a client does that dies. */
  static void reset(Socket socket) throws IOException {
    socket.setSoLinger(true, 0);
    socket.close();
  }

  static Reply reply(Socket socket) throws IOException {
    String all = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    int end = all.indexOf("\r\n\r\n");
    if (end < 0) {
      throw new IOException("no answer but '" + all + "'");
    }
    String head = all.substring(0, end);
    String body = all.substring(end + 4);
    if (head.toLowerCase(java.util.Locale.ROOT).contains("transfer-encoding: chunked")) {
      body = unchunk(body.getBytes(StandardCharsets.UTF_8));
    }
    return new Reply(Integer.parseInt(head.split(" ")[1]), head, body);
  }

  private static String unchunk(byte[] chunked) throws IOException {
    InputStream in = new java.io.ByteArrayInputStream(chunked);
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    while (true) {
      StringBuilder size = new StringBuilder();
      for (int b = in.read(); b != '\n'; b = in.read()) {
        if (b < 0) {
          return body.toString(StandardCharsets.UTF_8);
        }
        size.append((char) b);
      }
      body.writeBytes(in.readNBytes(Integer.parseInt(size.toString().strip(), 16)));
      in.skipNBytes(2);
      if (in.available() == 0) {
        return body.toString(StandardCharsets.UTF_8);
      }
    }
  }
}
