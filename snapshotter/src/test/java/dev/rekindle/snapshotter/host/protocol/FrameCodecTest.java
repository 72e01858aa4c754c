package dev.rekindle.snapshotter.host.protocol;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class FrameCodecTest {
  private final List<Frame> frames = new ArrayList<>();
  private final FrameDecoder decoder = new FrameDecoder();

  @Test
  void shouldWriteTheBytesOfTheSpecification() {
    byte[] bytes =
        FrameEncoder.encode(new Frame.Data(0x01020304, StreamKind.STDERR, new byte[] {9}));

    assertThat(bytes).containsExactly(7, 0, 0, 0, 4, 4, 3, 2, 1, 2, 9);
  }

  @Test
  void shouldReadBackEveryKindHoweverTheStreamIsCut() throws Exception {
    ByteArrayOutputStream stream = new ByteArrayOutputStream();
    stream.write(FrameEncoder.encode(new Frame.Request(1, "{}".getBytes(UTF_8))));
    stream.write(FrameEncoder.encode(new Frame.Reply(-2, "{\"ok\":{}}".getBytes(UTF_8))));
    stream.write(FrameEncoder.encode(new Frame.Event(0, "{\"window\":1}".getBytes(UTF_8))));
    stream.write(FrameEncoder.encode(new Frame.Data(3, StreamKind.STDOUT, new byte[65_536])));
    stream.write(FrameEncoder.encode(new Frame.Data(3, StreamKind.STDIN_EOF, new byte[0])));
    byte[] bytes = stream.toByteArray();
    Random random = new Random(42);

    for (int at = 0; at < bytes.length; ) {
      int count = Math.min(bytes.length - at, 1 + random.nextInt(at < 100 ? 3 : 9000));
      decoder.feed(ByteBuffer.wrap(bytes, at, count), frames::add);
      at += count;
    }

    assertThat(decoder.atFrameBoundary()).isTrue();
    assertThat(frames).extracting(Frame::requestId).containsExactly(1, -2, 0, 3, 3);
    assertThat(frames)
        .hasExactlyElementsOfTypes(
            Frame.Request.class,
            Frame.Reply.class,
            Frame.Event.class,
            Frame.Data.class,
            Frame.Data.class);
    assertThat(((Frame.Request) frames.get(0)).json()).asString().isEqualTo("{}");
    assertThat(((Frame.Data) frames.get(3)).bytes()).hasSize(65_536);
    assertThat(((Frame.Data) frames.get(4)).stream()).isEqualTo(StreamKind.STDIN_EOF);
  }

  @Test
  void shouldRefuseLengthBeforeTheRestOfTheHeaderCame() {
    assertRefused("length", 0xff, 0xff, 0xff, 0xff);
  }

  @Test
  void shouldRefuseLengthThatLacksKindAndId() {
    assertRefused("length", 4, 0, 0, 0);
  }

  @Test
  void shouldRefuseUnknownKind() {
    assertRefused("kind", 6, 0, 0, 0, 5, 0, 0, 0, 0);
  }

  @Test
  void shouldRefuseUnknownStream() {
    assertRefused("stream", 6, 0, 0, 0, 4, 0, 0, 0, 0, 4);
  }

  @Test
  void shouldRefuseEndOfStdinWithBytes() {
    assertRefused("stdin", 7, 0, 0, 0, 4, 0, 0, 0, 0, 3, 1);
  }

  @Test
  void shouldRefuseDataFrameLargerThanItMayBe() {
    assertRefused("too large", 7, 0, 1, 0, 4, 0, 0, 0, 0);
  }

  @Test
  void shouldRefuseEmptyPayload() {
    assertRefused("without payload", 5, 0, 0, 0, 1, 0, 0, 0, 0);
  }

  @Test
  void shouldRefuseToEncodeWhatTheOtherSideWouldRefuse() {
    assertThatIllegalArgumentException()
        .isThrownBy(
            () -> FrameEncoder.encode(new Frame.Data(1, StreamKind.STDIN, new byte[65_537])));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> FrameEncoder.encode(new Frame.Reply(1, new byte[1 << 20])));
  }

  @Test
  void shouldOnlyThrowProtocolExceptionWhenFedNoise() {
    Random random = new Random(7);
    for (int round = 0; round < 20_000; round++) {
      byte[] noise = new byte[random.nextInt(64)];
      random.nextBytes(noise);
      if (noise.length > 4 && random.nextBoolean()) {
        noise[0] = (byte) (5 + random.nextInt(20));
        noise[1] = noise[2] = noise[3] = 0;
        noise[4] = (byte) random.nextInt(6);
      }
      try {
        new FrameDecoder().feed(ByteBuffer.wrap(noise), frames::add);
      } catch (ProtocolException expected) {
        assertThat(expected).hasMessageNotContaining("null");
      }
    }
    assertThat(frames).isNotEmpty();
  }

  private void assertRefused(String word, int... bytes) {
    ByteBuffer in = ByteBuffer.allocate(bytes.length);
    for (int b : bytes) {
      in.put((byte) b);
    }
    assertThatThrownBy(() -> decoder.feed(in.flip(), frames::add))
        .isInstanceOf(ProtocolException.class)
        .hasMessageContaining(word);
  }
}
