package dev.rekindle.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedInputStream;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.function.Consumer;

/**
 * HTTP/1.1 over a socket, one request a connection. The JDK's client would send a body to its end
 * before it reads the answer, so a command's input and output could not flow at once; and it costs
 * 150 ms of start-up.
 */
final class ApiClient {
  static final ObjectMapper JSON = new ObjectMapper();
  static final String NDJSON = "application/x-ndjson";
  private static final int CONNECT_MILLIS = 3_000;
  private static final int QUOTED_CHARS = 200;
  private static final int MAX_LINE_BYTES = 64 * 1024;

  private final String host;
  private final int port;

  ApiClient(String host, int port) {
    this.host = host;
    this.port = port;
  }

  /** Writes a body while the answer is being read. */
  interface BodyWriter {
    void write(OutputStream out) throws IOException;
  }

  /** A status and a body. */
  record Reply(int status, JsonNode body) {
    boolean ok() {
      return status / 100 == 2;
    }
  }

  boolean reachable() {
    try {
      return get("/readyz").ok();
    } catch (IOException e) {
      return false;
    }
  }

  Reply get(String path) throws IOException {
    return request("GET", path, null, Map.of());
  }

  Reply request(String method, String path, JsonNode body, Map<String, String> headers)
      throws IOException {
    byte[] bytes = body == null ? new byte[0] : JSON.writeValueAsBytes(body);
    try (Socket socket = connect()) {
      head(socket, method, path, headers, "application/json", Integer.toString(bytes.length));
      socket.getOutputStream().write(bytes);
      socket.getOutputStream().flush();
      Answer answer = new Answer(socket);
      byte[] all = answer.body.readAllBytes();
      return new Reply(answer.status, parse(all));
    }
  }

  String text(String path) throws IOException {
    try (Socket socket = connect()) {
      head(socket, "GET", path, Map.of(), "text/plain", "0");
      socket.getOutputStream().flush();
      return new String(new Answer(socket).body.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  /** An answer without JSON, of whatever is between us and the service, is quoted. */
  private static JsonNode parse(byte[] body) throws IOException {
    if (body.length == 0) {
      return JSON.createObjectNode();
    }
    try {
      return JSON.readTree(body);
    } catch (JsonProcessingException e) {
      String text = new String(body, StandardCharsets.UTF_8);
      String start = text.substring(0, Math.min(QUOTED_CHARS, text.length())).strip();
      throw new IOException("the answer is no JSON but '" + start + "'", e);
    }
  }

  /**
   * Sends a body that is written as it comes and reads an answer of JSON lines.
   *
   * @return the last reply's status; the body if it was an error
   */
  Reply stream(
      String method,
      String path,
      Map<String, String> headers,
      BodyWriter body,
      Consumer<JsonNode> lines)
      throws IOException {
    try (Socket socket = connect()) {
      Map<String, String> all = new java.util.LinkedHashMap<>(headers);
      all.put("Accept", NDJSON);
      head(socket, method, path, all, NDJSON, null);
      OutputStream chunks = new ChunkedOutput(socket.getOutputStream());
      Thread writer =
          Thread.ofPlatform()
              .daemon()
              .start(() -> {
                try (chunks) {
                  body.write(chunks);
                } catch (IOException e) {
                  // The answer says what is wrong, or its end does.
                  Thread.currentThread().interrupt();
                }
              });
      Answer answer = new Answer(socket);
      if (answer.status != 200) {
        Reply reply = new Reply(answer.status, parse(answer.body.readAllBytes()));
        writer.interrupt();
        return reply;
      }
      BufferedReader reader =
          new BufferedReader(new InputStreamReader(answer.body, StandardCharsets.UTF_8));
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        lines.accept(JSON.readTree(line));
      }
      return new Reply(200, JSON.createObjectNode());
    }
  }

  private Socket connect() throws IOException {
    Socket socket = new Socket();
    socket.setTcpNoDelay(true);
    socket.connect(new InetSocketAddress(host, port), CONNECT_MILLIS);
    return socket;
  }

  private void head(
      Socket socket,
      String method,
      String path,
      Map<String, String> headers,
      String type,
      String length)
      throws IOException {
    StringBuilder head = new StringBuilder();
    head.append(method).append(' ').append(path).append(" HTTP/1.1\r\n");
    head.append("Host: ").append(host).append(':').append(port).append("\r\n");
    head.append("Connection: close\r\nContent-Type: ").append(type).append("\r\n");
    head.append(length == null ? "Transfer-Encoding: chunked" : "Content-Length: " + length);
    head.append("\r\n");
    headers.forEach((k, v) -> head.append(k).append(": ").append(v).append("\r\n"));
    socket
        .getOutputStream()
        .write(head.append("\r\n").toString().getBytes(StandardCharsets.US_ASCII));
  }

  /** The head of an answer, and its body decoded. */
  private static final class Answer {
    private final int status;
    private final InputStream body;

    Answer(Socket socket) throws IOException {
      InputStream in = new BufferedInputStream(socket.getInputStream());
      String first = line(in);
      String[] parts = first.split(" ", 3);
      if (parts.length < 2 || !parts[0].startsWith("HTTP/1.")) {
        throw new IOException("no HTTP answer but '" + first + "'");
      }
      status = (int) number("status", parts[1], 999);
      boolean chunked = false;
      long length = -1;
      for (String header = line(in); !header.isEmpty(); header = line(in)) {
        String lower = header.toLowerCase(java.util.Locale.ROOT);
        chunked |= lower.startsWith("transfer-encoding:") && lower.contains("chunked");
        if (lower.startsWith("content-length:")) {
          length = number("length", lower.substring(15).strip(), Long.MAX_VALUE);
        }
      }
      body = status == 204 ? InputStream.nullInputStream() : body(in, chunked, length);
    }

    private static long number(String what, String text, long max) throws IOException {
      if (text.matches("[0-9]{1,18}") && Long.parseLong(text) <= max) {
        return Long.parseLong(text);
      }
      throw new IOException("the answer's " + what + " is '" + text + "'");
    }

    private static InputStream body(InputStream in, boolean chunked, long length) {
      return chunked ? new ChunkedInput(in) : new BoundedInput(in, length);
    }
  }

  static String line(InputStream in) throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    for (int b = in.read(); b != '\n'; b = in.read()) {
      if (b < 0) {
        throw new IOException("the service closed the connection");
      }
      if (b != '\r') {
        line.write(b);
      }
      if (line.size() > MAX_LINE_BYTES) {
        throw new IOException("a line of the answer's head has more than " + MAX_LINE_BYTES);
      }
    }
    return line.toString(StandardCharsets.ISO_8859_1);
  }
}
