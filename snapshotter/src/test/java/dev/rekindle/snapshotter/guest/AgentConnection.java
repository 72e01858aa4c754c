package dev.rekindle.snapshotter.guest;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** A connection to the agent that speaks frames; blocks. */
final class AgentConnection implements AutoCloseable {
  record Frame(int type, ByteBuffer payload) {}

  /** All a command did. */
  record Run(
      String error, int exitCode, int signal, int how, String stdout, String stderr, int bytes) {}

  private final SocketChannel channel;

  AgentConnection(SocketChannel channel) {
    this.channel = channel;
  }

  void raw(byte[] bytes) throws IOException {
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    while (buffer.hasRemaining()) {
      channel.write(buffer);
    }
  }

  void send(int type, byte[] payload) throws IOException {
    raw(
        ByteBuffer.allocate(5 + payload.length)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putInt(payload.length)
            .put((byte) type)
            .put(payload)
            .array());
  }

  /** Sends the bytes again and again, reading nothing; the bytes taken when no more are. */
  long flood(byte[] bytes, long limit) throws IOException, InterruptedException {
    channel.configureBlocking(false);
    try {
      long taken = 0;
      ByteBuffer buffer = ByteBuffer.wrap(bytes);
      for (int idle = 0; idle < 50 && taken < limit; ) {
        int written = channel.write(buffer.hasRemaining() ? buffer : buffer.rewind());
        taken += written;
        idle = written > 0 ? 0 : idle + 1;
        if (written == 0) {
          Thread.sleep(10);
        }
      }
      return taken;
    } finally {
      channel.configureBlocking(true);
    }
  }

  Frame receive() throws IOException {
    ByteBuffer header = read(5);
    int length = header.getInt();
    return new Frame(header.get() & 0xff, read(length));
  }

  private ByteBuffer read(int length) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
    while (buffer.hasRemaining()) {
      if (channel.read(buffer) < 0) {
        throw new EOFException();
      }
    }
    return buffer.flip();
  }

  static byte[] exec(
      int timeoutMillis, int flags, String cwd, List<String> env, List<String> argv) {
    ByteBuffer buffer = ByteBuffer.allocate(1 << 20).order(ByteOrder.LITTLE_ENDIAN);
    buffer.putInt(timeoutMillis).putInt(0).putInt(flags);
    for (List<String> list : List.of(argv, env)) {
      buffer.putShort((short) list.size());
      for (String text : list) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        buffer.putInt(bytes.length).put(bytes);
      }
    }
    str16(buffer, cwd);
    byte[] payload = new byte[buffer.position()];
    buffer.flip().get(payload);
    return payload;
  }

  static void str16(ByteBuffer buffer, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    buffer.putShort((short) bytes.length).put(bytes);
  }

  void start(String... argv) throws IOException {
    send(0x03, exec(0, 0, "", List.of(), List.of(argv)));
  }

  Run run(String... argv) throws IOException {
    start(argv);
    send(0x05, new byte[0]);
    return finish();
  }

  Run run(byte[] exec) throws IOException {
    send(0x03, exec);
    send(0x05, new byte[0]);
    return finish();
  }

  /** Reads to EXIT or ERROR. */
  Run finish() throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    for (; ; ) {
      Frame frame = receive();
      switch (frame.type()) {
        case 0x83 -> {}
        case 0x84 -> out.writeBytes(frame.payload().array());
        case 0x85 -> err.writeBytes(frame.payload().array());
        case 0x86 -> {
          ByteBuffer p = frame.payload();
          return new Run(
              null, p.getInt(), p.getInt(), p.get(), out.toString(), err.toString(), out.size());
        }
        case 0xff -> {
          return new Run(errorCode(frame), 0, 0, 0, out.toString(), err.toString(), out.size());
        }
        default -> throw new IOException("frame of type " + frame.type());
      }
    }
  }

  static String errorCode(Frame frame) {
    byte[] code = new byte[frame.payload().getShort()];
    frame.payload().get(code);
    return new String(code, StandardCharsets.UTF_8);
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
