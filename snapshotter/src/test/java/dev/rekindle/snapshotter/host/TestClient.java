package dev.rekindle.snapshotter.host;

import dev.rekindle.snapshotter.host.protocol.Frame;
import dev.rekindle.snapshotter.host.protocol.FrameDecoder;
import dev.rekindle.snapshotter.host.protocol.FrameEncoder;
import dev.rekindle.snapshotter.host.protocol.HostEvent;
import dev.rekindle.snapshotter.host.protocol.HostException;
import dev.rekindle.snapshotter.host.protocol.HostJson;
import dev.rekindle.snapshotter.host.protocol.HostReply;
import dev.rekindle.snapshotter.host.protocol.HostRequest;
import java.io.EOFException;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.Queue;

/** A service that blocks. */
final class TestClient implements AutoCloseable {
  private final SocketChannel channel;
  private final FrameDecoder decoder = new FrameDecoder();
  private final Queue<Frame> received = new ArrayDeque<>();
  private final ByteBuffer buffer = ByteBuffer.allocate(1 << 16);
  private final Map<Integer, byte[]> replies = new HashMap<>();
  private int lastId;

  TestClient(Path socket) throws IOException {
    channel = SocketChannel.open(UnixDomainSocketAddress.of(socket));
  }

  static TestClient greeted(Path socket) throws Exception {
    TestClient client = new TestClient(socket);
    client.call(new HostRequest.Hello(1), HostReply.Hello.class);
    return client;
  }

  int send(HostRequest request) throws IOException {
    send(new Frame.Request(++lastId, HostJson.request(request)));
    return lastId;
  }

  void send(Frame frame) throws IOException {
    sendRaw(FrameEncoder.encode(frame));
  }

  void sendRaw(byte[] bytes) throws IOException {
    ByteBuffer out = ByteBuffer.wrap(bytes);
    while (out.hasRemaining()) {
      channel.write(out);
    }
  }

  Frame receive() throws Exception {
    while (received.isEmpty()) {
      if (channel.read(buffer.clear()) < 0) {
        throw new EOFException();
      }
      decoder.feed(buffer.flip(), received::add);
    }
    return received.remove();
  }

  <T extends HostReply> T call(HostRequest request, Class<T> type) throws Exception {
    int id = send(request);
    return reply(id, type);
  }

  /** Keeps other replies for later, skips whatever else comes before this one. */
  <T extends HostReply> T reply(int id, Class<T> type) throws Exception {
    while (!replies.containsKey(id)) {
      if (receive() instanceof Frame.Reply(int replied, byte[] json)) {
        replies.put(replied, json);
      }
    }
    return HostJson.readReply(replies.remove(id), type);
  }

  HostEvent event() throws Exception {
    return HostJson.readEvent(((Frame.Event) receive()).json());
  }

  String errorOf(HostRequest request) throws Exception {
    return errorOf(send(request));
  }

  String errorOf(int id) throws Exception {
    try {
      return "no error but " + reply(id, HostReply.Release.class);
    } catch (HostException e) {
      return e.code();
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
