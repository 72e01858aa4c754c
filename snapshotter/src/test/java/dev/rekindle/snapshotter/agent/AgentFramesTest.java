package dev.rekindle.snapshotter.agent;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rekindle.snapshotter.agent.AgentFrames.MalformedException;
import dev.rekindle.snapshotter.agent.AgentFrames.Reply;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class AgentFramesTest {
  private final AgentFrames frames = new AgentFrames();

  @Test
  void shouldTakeAFrameOfTheLargestSizeByteByByte() throws Exception {
    byte[] payload = new byte[AgentFrames.MAX_PAYLOAD_BYTES];
    new Random(1).nextBytes(payload);
    List<Reply> replies = new ArrayList<>();

    for (byte b : frame(0x84, payload)) {
      replies.addAll(frames.feed(new byte[] {b}));
    }

    assertThat(replies).hasSize(1);
    assertThat(((Reply.Output) replies.getFirst()).bytes()).isEqualTo(payload);
  }

  @Test
  void shouldCutFramesFromPiecesOfAnySize() throws Exception {
    Random random = new Random(20261123);
    ByteBuffer stream = ByteBuffer.allocate(1 << 20);
    List<byte[]> sent = new ArrayList<>();
    for (int i = 0; i < 500; i++) {
      byte[] payload = new byte[random.nextInt(1500)];
      random.nextBytes(payload);
      sent.add(payload);
      stream.put(frame(0x85, payload));
    }

    List<byte[]> taken = new ArrayList<>();
    for (int at = 0; at < stream.position(); ) {
      int end = Math.min(stream.position(), at + random.nextInt(4000));
      for (Reply reply : frames.feed(Arrays.copyOfRange(stream.array(), at, end))) {
        taken.add(((Reply.Output) reply).bytes());
      }
      at = end;
    }

    assertThat(taken).hasSameSizeAs(sent);
    for (int i = 0; i < sent.size(); i++) {
      assertThat(taken.get(i)).isEqualTo(sent.get(i));
    }
  }

  @ParameterizedTest
  @CsvSource({"0, false, false", "1, true, false", "2, false, true", "3, true, true"})
  void shouldTellTheReasonsOfAKillApart(int how, boolean timedOut, boolean outOfMemory)
      throws Exception {
    ByteBuffer exit = ByteBuffer.allocate(33).order(ByteOrder.LITTLE_ENDIAN);
    exit.putInt(-1).putInt(9).put((byte) how).putLong(1).putLong(2).putLong(3);

    List<Reply> replies = frames.feed(frame(0x86, exit.array()));

    assertThat(replies).containsExactly(new Reply.Exit(-1, 9, timedOut, outOfMemory, 1, 2, 3));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "exec", "exec.", ".x", "a.b/c", "a.b\n", "A.b", "exec.not found"})
  void shouldRefuseAnErrorCodeThatIsNone(String code) {
    assertThatThrownBy(() -> frames.feed(frame(0xFF, error(code, "m"))))
        .isInstanceOf(MalformedException.class);
  }

  @Test
  void shouldKeepMessagesShortAndOnOneLine() throws Exception {
    String message = "a\n\u001b[31m" + "b".repeat(20_000);

    Reply reply = frames.feed(frame(0xFF, error("exec.not_found", message))).getFirst();

    assertThat(((Reply.Failed) reply).message()).hasSize(1024).startsWith("a??[31mbbb");
  }

  @Test
  void shouldReadOrRefuseButNeverFailOtherwiseWhenFuzzed() {
    Random random = new Random(4711);
    int refused = 0;
    for (int round = 0; round < 20_000; round++) {
      byte[] payload = new byte[random.nextInt(64)];
      random.nextBytes(payload);
      byte[] bytes = frame(0x80 + random.nextInt(8) + (random.nextInt(8) == 0 ? 0x78 : 0), payload);
      if (random.nextInt(4) == 0) {
        bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
      }
      try {
        new AgentFrames().feed(bytes);
      } catch (MalformedException e) {
        refused++;
      }
    }

    assertThat(refused).isBetween(1, 19_999);
  }

  private static byte[] error(String code, String message) {
    byte[] first = code.getBytes(UTF_8);
    byte[] second = message.getBytes(UTF_8);
    return ByteBuffer.allocate(4 + first.length + second.length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putShort((short) first.length)
        .put(first)
        .putShort((short) second.length)
        .put(second)
        .array();
  }

  private static byte[] frame(int type, byte[] payload) {
    return ByteBuffer.allocate(5 + payload.length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt(payload.length)
        .put((byte) type)
        .put(payload)
        .array();
  }
}
