package dev.rekindle.snapshotter.agent;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.rekindle.snapshotter.host.protocol.HostRequest;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;

/**
 * The bytes of {@code docs/agent-protocol.md}, version 1: requests encoded, replies cut out of the
 * stream. What the guest sends is not trusted: a frame that is none ends the connection.
 */
final class AgentFrames {
  static final int VERSION = 1;
  static final int AGENT_PORT = 1024;
  static final int MAX_PAYLOAD_BYTES = 1 << 20;

  static final byte HELLO = 0x01;
  static final byte IDENTITY = 0x02;
  static final byte EXEC = 0x03;
  static final byte STDIN = 0x04;
  static final byte STDIN_EOF = 0x05;

  private static final int HEADER_BYTES = 5;
  private static final int MAX_STDIN_BYTES = 1 << 16;
  private static final int TIMED_OUT = 1;
  private static final int OUT_OF_MEMORY = 2;
  private static final int MAX_MESSAGE_CHARS = 1024;
  private static final Pattern CODE = Pattern.compile("[a-z][a-z_]*\\.[a-z_]{1,48}");
  private static final byte[] NOTHING = new byte[0];

  /** What the agent sent is not the protocol. */
  static final class MalformedException extends Exception {
    private static final long serialVersionUID = 1L;

    MalformedException(String message) {
      super(message);
    }
  }

  /** A frame of the agent. */
  sealed interface Reply {
    record HelloOk(int version, String agentVersion) implements Reply {}

    record IdentityOk(long micros) implements Reply {}

    record Started(long pid) implements Reply {}

    record Output(boolean stderr, byte[] bytes) implements Reply {}

    record Exit(
        int exitCode,
        int signal,
        boolean timedOut,
        boolean outOfMemory,
        long wallMicros,
        long cpuMicros,
        long maxRssBytes)
        implements Reply {}

    record Failed(String code, String message) implements Reply {}

    /** Of a type this version does not know. */
    record Unknown(int type) implements Reply {}
  }

  private byte[] pending = NOTHING;
  private int pendingBytes;

  static byte[] hello() {
    return frame(HELLO, new Payload().u32(VERSION));
  }

  static byte[] identity(CloneIdentity identity, long wallclockNanos) {
    return frame(
        IDENTITY,
        new Payload()
            .raw(identity.entropy())
            .u64(wallclockNanos)
            .raw(identity.generationId())
            .str16(identity.names().hostname())
            .str16(identity.names().machineId())
            .str16(identity.names().leaseId()));
  }

  static byte[] exec(HostRequest.Exec command) {
    Payload out =
        new Payload().u32((int) command.timeoutMillis()).u32(command.maxProcesses()).u32(0);
    out.u16(command.argv().size());
    command.argv().forEach(out::str32);
    out.u16(command.env().size());
    command.env().forEach((name, value) -> out.str32(name + "=" + value));
    return frame(EXEC, out.str16(command.cwd()));
  }

  /** Standard input, cut into frames the agent takes. */
  static List<byte[]> stdin(byte[] bytes) {
    List<byte[]> frames = new ArrayList<>();
    for (int at = 0; at < bytes.length; at += MAX_STDIN_BYTES) {
      int length = Math.min(MAX_STDIN_BYTES, bytes.length - at);
      frames.add(frame(STDIN, new Payload().raw(bytes, at, length)));
    }
    return frames;
  }

  static byte[] stdinEof() {
    return frame(STDIN_EOF, new Payload());
  }

  /**
   * Takes the next bytes of the stream. A guest may send a frame in pieces of one byte: what is
   * kept is copied only when the room for it doubles.
   *
   * @return the frames they complete
   */
  List<Reply> feed(byte[] data) throws MalformedException {
    append(data);
    List<Reply> replies = new ArrayList<>();
    int at = 0;
    while (pendingBytes - at >= HEADER_BYTES) {
      int length = ByteBuffer.wrap(pending).order(ByteOrder.LITTLE_ENDIAN).getInt(at);
      if (length < 0 || length > MAX_PAYLOAD_BYTES) {
        throw new MalformedException("a frame of " + Integer.toUnsignedString(length) + " bytes");
      }
      if (pendingBytes - at < HEADER_BYTES + length) {
        break;
      }
      int type = Byte.toUnsignedInt(pending[at + 4]);
      replies.add(reply(type, new Reader(pending, at + HEADER_BYTES, length)));
      at += HEADER_BYTES + length;
    }
    pendingBytes -= at;
    if (pendingBytes == 0) {
      pending = NOTHING;
    } else if (at > 0) {
      System.arraycopy(pending, at, pending, 0, pendingBytes);
    }
    return replies;
  }

  private void append(byte[] data) {
    if (pending.length - pendingBytes < data.length) {
      int wanted = Math.max(pendingBytes + data.length, pending.length * 2);
      pending = Arrays.copyOf(pending, wanted);
    }
    System.arraycopy(data, 0, pending, pendingBytes, data.length);
    pendingBytes += data.length;
  }

  private static Reply reply(int type, Reader in) throws MalformedException {
    return switch (type) {
      case 0x81 -> new Reply.HelloOk((int) in.number(4), in.str16());
      case 0x82 -> new Reply.IdentityOk(in.number(8));
      case 0x83 -> new Reply.Started(in.number(4));
      case 0x84 -> new Reply.Output(false, in.rest());
      case 0x85 -> new Reply.Output(true, in.rest());
      case 0x86 -> exit(in);
      case 0xFF -> failed(in.str16(), in.str16());
      default -> new Reply.Unknown(type);
    };
  }

  private static Reply exit(Reader in) throws MalformedException {
    int exitCode = (int) in.number(4);
    int signal = (int) in.number(4);
    long how = in.number(1);
    return new Reply.Exit(
        exitCode,
        signal,
        (how & TIMED_OUT) != 0,
        (how & OUT_OF_MEMORY) != 0,
        in.number(8),
        in.number(8),
        in.number(8));
  }

  /** The code becomes part of an address and of metrics, the message of a log. */
  private static Reply failed(String code, String message) throws MalformedException {
    if (code.length() > 64 || !CODE.matcher(code).matches()) {
      throw new MalformedException("an error whose code is none");
    }
    String text = message.replaceAll("\\p{Cntrl}", "?");
    return new Reply.Failed(code, text.substring(0, Math.min(MAX_MESSAGE_CHARS, text.length())));
  }

  private static byte[] frame(byte type, Payload payload) {
    int length = payload.bytes.size();
    if (length > MAX_PAYLOAD_BYTES) {
      throw new IllegalArgumentException(
          "the command and its environment must be at most "
              + MAX_PAYLOAD_BYTES
              + " bytes, got "
              + length);
    }
    return ByteBuffer.allocate(HEADER_BYTES + length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt(length)
        .put(type)
        .put(payload.bytes.toByteArray())
        .array();
  }

  private static final class Payload {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    private Payload number(long value, int length) {
      for (int i = 0; i < length; i++) {
        bytes.write((int) (value >>> 8 * i));
      }
      return this;
    }

    Payload u16(int value) {
      return number(value, 2);
    }

    Payload u32(int value) {
      return number(value, 4);
    }

    Payload u64(long value) {
      return number(value, 8);
    }

    Payload raw(byte[] value) {
      bytes.writeBytes(value);
      return this;
    }

    Payload raw(byte[] value, int from, int length) {
      bytes.write(value, from, length);
      return this;
    }

    Payload str16(String text) {
      byte[] utf8 = text.getBytes(UTF_8);
      if (utf8.length > 0xFFFF) {
        throw new IllegalArgumentException("text of " + utf8.length + " bytes is too long");
      }
      return u16(utf8.length).raw(utf8);
    }

    Payload str32(String text) {
      byte[] utf8 = text.getBytes(UTF_8);
      return u32(utf8.length).raw(utf8);
    }
  }

  /** Reads one payload; what lies behind the fields this version knows is ignored. */
  private static final class Reader {
    private final byte[] bytes;
    private final int end;
    private int at;

    Reader(byte[] bytes, int start, int length) {
      this.bytes = bytes;
      this.at = start;
      this.end = start + length;
    }

    long number(int length) throws MalformedException {
      need(length);
      long value = 0;
      for (int i = 0; i < length; i++) {
        value |= (bytes[at++] & 0xFFL) << 8 * i;
      }
      return value;
    }

    String str16() throws MalformedException {
      int length = (int) number(2);
      need(length);
      String text = new String(bytes, at, length, UTF_8);
      at += length;
      return text;
    }

    byte[] rest() {
      byte[] rest = new byte[end - at];
      System.arraycopy(bytes, at, rest, 0, rest.length);
      return rest;
    }

    private void need(int length) throws MalformedException {
      if (end - at < length) {
        throw new MalformedException("a frame's fields are cut off");
      }
    }
  }
}
