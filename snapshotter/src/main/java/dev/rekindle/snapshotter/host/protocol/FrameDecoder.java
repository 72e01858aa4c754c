package dev.rekindle.snapshotter.host.protocol;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.function.Consumer;

/**
 * Bytes to frames, however the stream cut them. One per connection, used by one thread at a time;
 * dead after it threw.
 */
public final class FrameDecoder {
  private static final int HEADER_BYTES =
      FrameEncoder.LENGTH_BYTES + FrameEncoder.KIND_AND_ID_BYTES;

  private final ByteBuffer header =
      ByteBuffer.allocate(HEADER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
  private byte[] payload;
  private int filledBytes;
  private int kind;
  private int requestId;

  /** A decoder at the start of a stream. */
  public FrameDecoder() {}

  /**
   * Takes all remaining bytes of {@code in} and gives each frame they complete to {@code out}.
   *
   * @throws ProtocolException if the bytes are no frame; nothing is allocated for a length out of
   *     range
   */
  public void feed(ByteBuffer in, Consumer<Frame> out) throws ProtocolException {
    while (in.hasRemaining()) {
      if (payload == null && !readHeader(in)) {
        return;
      }
      int count = Math.min(in.remaining(), payload.length - filledBytes);
      in.get(payload, filledBytes, count);
      filledBytes += count;
      if (filledBytes == payload.length) {
        byte[] complete = payload;
        payload = null;
        out.accept(frame(complete));
      }
    }
  }

  /** Whether the stream may end here: no frame is half-read. */
  public boolean atFrameBoundary() {
    return payload == null && header.position() == 0;
  }

  private boolean readHeader(ByteBuffer in) throws ProtocolException {
    while (header.hasRemaining() && in.hasRemaining()) {
      header.put(in.get());
    }
    if (header.position() >= FrameEncoder.LENGTH_BYTES) {
      checkLength(header.getInt(0));
    }
    if (header.hasRemaining()) {
      return false;
    }
    kind = header.get(4);
    requestId = header.getInt(5);
    if (kind < FrameEncoder.KIND_REQUEST || kind > FrameEncoder.KIND_DATA) {
      throw new ProtocolException("frame kind must be in [1, 4], got " + kind);
    }
    int payloadBytes = header.getInt(0) - FrameEncoder.KIND_AND_ID_BYTES;
    if (kind == FrameEncoder.KIND_DATA && payloadBytes > 1 + HostProtocol.MAX_DATA_BYTES) {
      throw new ProtocolException("data frame of " + payloadBytes + " bytes is too large");
    }
    if (payloadBytes == 0) {
      throw new ProtocolException("frame of kind " + kind + " without payload");
    }
    payload = new byte[payloadBytes];
    filledBytes = 0;
    header.clear();
    return true;
  }

  private static void checkLength(int length) throws ProtocolException {
    if (length < FrameEncoder.KIND_AND_ID_BYTES || length > HostProtocol.MAX_FRAME_BYTES) {
      throw new ProtocolException(
          "frame length must be in [5, "
              + HostProtocol.MAX_FRAME_BYTES
              + "], got "
              + Integer.toUnsignedString(length));
    }
  }

  private Frame frame(byte[] complete) throws ProtocolException {
    return switch (kind) {
      case FrameEncoder.KIND_REQUEST -> new Frame.Request(requestId, complete);
      case FrameEncoder.KIND_REPLY -> new Frame.Reply(requestId, complete);
      case FrameEncoder.KIND_EVENT -> new Frame.Event(requestId, complete);
      default -> data(complete);
    };
  }

  private Frame data(byte[] complete) throws ProtocolException {
    StreamKind stream = StreamKind.ofCode(complete[0]);
    byte[] bytes = new byte[complete.length - 1];
    System.arraycopy(complete, 1, bytes, 0, bytes.length);
    if (stream == StreamKind.STDIN_EOF && bytes.length != 0) {
      throw new ProtocolException("end of stdin carries " + bytes.length + " bytes");
    }
    return new Frame.Data(requestId, stream, bytes);
  }
}
