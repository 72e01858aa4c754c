package dev.rekindle.snapshotter.agent;

import dev.rekindle.fuzz.FuzzTarget;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** What a guest's agent sends: cut anywhere it gives the same replies. */
public final class AgentFramesTarget implements FuzzTarget {
  /** Ready. */
  public AgentFramesTarget() {}

  @Override
  public String name() {
    return "agent-frames";
  }

  @Override
  public void run(byte[] input) {
    List<AgentFrames.Reply> whole = feed(input, input.length);
    List<AgentFrames.Reply> cut = feed(input, 1 + input.length / 3);
    if (whole.size() != cut.size()) {
      throw new AssertionError(whole.size() + " replies whole, " + cut.size() + " in pieces");
    }
    for (AgentFrames.Reply reply : whole) {
      if (reply instanceof AgentFrames.Reply.Failed(String code, String message)
          && (code.length() > 64 || message.chars().anyMatch(Character::isISOControl))) {
        throw new AssertionError("taken: " + reply);
      }
    }
  }

  /** The replies before the stream broke, if it did. */
  private static List<AgentFrames.Reply> feed(byte[] input, int pieceBytes) {
    AgentFrames frames = new AgentFrames();
    List<AgentFrames.Reply> replies = new ArrayList<>();
    try {
      for (int at = 0; at < input.length; at += pieceBytes) {
        int end = Math.min(input.length, at + pieceBytes);
        replies.addAll(frames.feed(Arrays.copyOfRange(input, at, end)));
      }
    } catch (AgentFrames.MalformedException e) {
      // The connection ends, and with it what was answered before in the same piece.
      replies.clear();
      replies.add(new AgentFrames.Reply.Unknown(0));
    }
    return replies;
  }

  @Override
  public List<byte[]> seeds() {
    return List.of(
        frame(
            0x81,
            buffer(11)
                .putInt(1)
                .putShort((short) 5)
                .put("0.1.0".getBytes(StandardCharsets.US_ASCII))),
        frame(0x82, buffer(8).putLong(7)),
        frame(0x83, buffer(4).putInt(7)),
        frame(0x85, buffer(3).put((byte) 65).putShort((short) 7)),
        frame(0x86, buffer(33).putInt(0).putInt(9).put((byte) 3).putLong(1).putLong(2).putLong(3)),
        frame(
            0xFF,
            buffer(14)
                .putShort((short) 7)
                .put("agent.x".getBytes(StandardCharsets.US_ASCII))
                .putShort((short) 1)
                .put((byte) 10)));
  }

  private static ByteBuffer buffer(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static byte[] frame(int type, ByteBuffer payload) {
    return buffer(5 + payload.position())
        .putInt(payload.position())
        .put((byte) type)
        .put(payload.array(), 0, payload.position())
        .array();
  }
}
