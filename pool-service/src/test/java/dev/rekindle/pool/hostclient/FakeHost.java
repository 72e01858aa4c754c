package dev.rekindle.pool.hostclient;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.rekindle.snapshotter.host.protocol.Frame;
import dev.rekindle.snapshotter.host.protocol.FrameDecoder;
import dev.rekindle.snapshotter.host.protocol.FrameEncoder;
import dev.rekindle.snapshotter.host.protocol.StreamKind;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;

/** A host process without VMs, as a process: every command is {@code cat}. */
public final class FakeHost {
  private final ObjectMapper json = new ObjectMapper();
  private final Set<String> sandboxes = new HashSet<>();
  private final SocketChannel channel;

  private FakeHost(SocketChannel channel) {
    this.channel = channel;
  }

  public static void main(String... args) throws Exception {
    try (ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      listener.bind(UnixDomainSocketAddress.of(Path.of(args[1])));
      System.out.println("ready");
      try (SocketChannel channel = listener.accept()) {
        FakeHost host = new FakeHost(channel);
        FrameDecoder decoder = new FrameDecoder();
        ByteBuffer in = ByteBuffer.allocate(65_536);
        while (channel.read(in.clear()) >= 0) {
          decoder.feed(in.flip(), host::handle);
        }
      }
    }
  }

  private void handle(Frame frame) {
    try {
      switch (frame) {
        case Frame.Request(int id, byte[] bytes) -> request(id, json.readTree(bytes));
        case Frame.Data(int id, StreamKind stream, byte[] bytes) -> {
          if (stream == StreamKind.STDIN_EOF) {
            ok(id, "{\"exitCode\":0,\"wallMicros\":1}");
          } else {
            write(new Frame.Data(id, StreamKind.STDOUT, bytes));
            event(id, "{\"window\":" + Math.max(1, bytes.length) + "}");
          }
        }
        default -> {
          // Windows: cat never waits for them here.
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void request(int id, JsonNode request) throws IOException {
    String sandbox = request.path("sandboxId").asText();
    switch (request.get("op").asText()) {
      case "hello" ->
          ok(id, "{\"pid\":1,\"version\":1,\"kvm\":{\"native\":true},\"sandboxes\":[]}");
      case "acquire" -> {
        sandboxes.add(sandbox);
        ok(id, "{\"served\":\"new\",\"stagesMicros\":{\"map\":5}}");
      }
      case "exec" -> {
        if (request.get("argv").get(0).asText().equals("missing")) {
          error(id, "exec.not_found", "no such command");
        } else {
          event(id, "{\"started\":{\"pid\":7}}");
        }
      }
      case "release" -> {
        sandboxes.remove(sandbox);
        ok(id, "{}");
      }
      case "stats" ->
          ok(
              id,
              "{\"sandboxes\":"
                  + sandboxes.size()
                  + ",\"shells\":3,\"rssBytes\":1,\"pssBytes\":1,"
                  + "\"mappings\":1,\"fds\":1,\"threads\":1}");
      default -> ok(id, "{\"canceled\":true}");
    }
  }

  private void ok(int id, String body) throws IOException {
    write(new Frame.Reply(id, ("{\"ok\":" + body + "}").getBytes(StandardCharsets.UTF_8)));
  }

  private void error(int id, String code, String message) throws IOException {
    String body = "{\"error\":{\"code\":\"" + code + "\",\"message\":\"" + message + "\"}}";
    write(new Frame.Reply(id, body.getBytes(StandardCharsets.UTF_8)));
  }

  private void event(int id, String body) throws IOException {
    write(new Frame.Event(id, body.getBytes(StandardCharsets.UTF_8)));
  }

  private void write(Frame frame) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(FrameEncoder.encode(frame));
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }
}
