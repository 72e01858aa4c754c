package dev.rekindle.snapshotter.host.protocol;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Frames to bytes. */
public final class FrameEncoder {
  static final int LENGTH_BYTES = 4;
  static final int KIND_AND_ID_BYTES = 5;
  static final byte KIND_REQUEST = 1;
  static final byte KIND_REPLY = 2;
  static final byte KIND_EVENT = 3;
  static final byte KIND_DATA = 4;

  private FrameEncoder() {}

  /**
   * One frame as it goes over the wire, length field included.
   *
   * @throws IllegalArgumentException if the payload is larger than a frame may be
   */
  public static byte[] encode(Frame frame) {
    return switch (frame) {
      case Frame.Request(int id, byte[] json) -> control(KIND_REQUEST, id, json);
      case Frame.Reply(int id, byte[] json) -> control(KIND_REPLY, id, json);
      case Frame.Event(int id, byte[] json) -> control(KIND_EVENT, id, json);
      case Frame.Data(int id, StreamKind stream, byte[] bytes) -> data(id, stream, bytes);
    };
  }

  private static byte[] control(byte kind, int requestId, byte[] json) {
    ByteBuffer out = start(kind, requestId, json.length);
    out.put(json);
    return out.array();
  }

  private static byte[] data(int requestId, StreamKind stream, byte[] bytes) {
    if (bytes.length > HostProtocol.MAX_DATA_BYTES) {
      throw new IllegalArgumentException(
          "data must be at most " + HostProtocol.MAX_DATA_BYTES + " bytes, got " + bytes.length);
    }
    ByteBuffer out = start(KIND_DATA, requestId, 1 + bytes.length);
    out.put((byte) stream.ordinal());
    out.put(bytes);
    return out.array();
  }

  private static ByteBuffer start(byte kind, int requestId, int payloadBytes) {
    if (payloadBytes > HostProtocol.MAX_FRAME_BYTES - KIND_AND_ID_BYTES) {
      throw new IllegalArgumentException(
          "payload must be at most "
              + (HostProtocol.MAX_FRAME_BYTES - KIND_AND_ID_BYTES)
              + " bytes, got "
              + payloadBytes);
    }
    return ByteBuffer.allocate(LENGTH_BYTES + KIND_AND_ID_BYTES + payloadBytes)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt(KIND_AND_ID_BYTES + payloadBytes)
        .put(kind)
        .putInt(requestId);
  }
}
