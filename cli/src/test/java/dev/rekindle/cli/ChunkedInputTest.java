package dev.rekindle.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ChunkedInputTest {
  private static final int ROUNDS = 2_000;

  private static InputStream chunked(String text) {
    return new ChunkedInput(new ByteArrayInputStream(text.getBytes(StandardCharsets.ISO_8859_1)));
  }

  private static String read(String chunks) throws IOException {
    return new String(chunked(chunks).readAllBytes(), StandardCharsets.ISO_8859_1);
  }

  /** A body in chunks of random sizes. */
  private static byte[] encode(byte[] body, Random random) throws IOException {
    ByteArrayOutputStream encoded = new ByteArrayOutputStream();
    try (ChunkedOutput out = new ChunkedOutput(encoded)) {
      for (int at = 0; at < body.length; ) {
        int length = Math.min(body.length - at, random.nextInt(40));
        out.write(body, at, length);
        at += length;
      }
    }
    return encoded.toByteArray();
  }

  private static byte[] randomBody(Random random) {
    byte[] body = new byte[random.nextInt(300)];
    random.nextBytes(body);
    return body;
  }

  /** Reads in pieces of random sizes, from a source that gives less than is asked. */
  private static byte[] decode(byte[] encoded, Random random) throws IOException {
    InputStream slow =
        new ByteArrayInputStream(encoded) {
          @Override
          public synchronized int read(byte[] target, int at, int length) {
            return super.read(target, at, Math.min(length, 1 + random.nextInt(30)));
          }
        };
    InputStream in = new ChunkedInput(slow);
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    byte[] buffer = new byte[50];
    while (true) {
      if (random.nextInt(8) == 0) {
        int b = in.read();
        if (b < 0) {
          return body.toByteArray();
        }
        body.write(b);
      } else {
        int n = in.read(buffer, 0, random.nextInt(buffer.length));
        if (n < 0) {
          return body.toByteArray();
        }
        body.write(buffer, 0, n);
      }
    }
  }

  @Test
  void shouldGiveBackWhatWasWrittenHoweverItIsCut() throws IOException {
    for (int seed = 0; seed < ROUNDS; seed++) {
      Random random = new Random(seed);
      byte[] body = randomBody(random);

      byte[] decoded = decode(encode(body, random), random);

      assertThat(decoded).as("seed " + seed).isEqualTo(body);
    }
  }

  @Test
  void shouldNeverTakePartOfABodyForAllOfIt() throws IOException {
    Random random = new Random(1);
    byte[] encoded = encode(randomBody(random), random);

    for (int length = 0; length < encoded.length; length++) {
      byte[] cut = Arrays.copyOf(encoded, length);
      assertThatThrownBy(() -> decode(cut, random))
          .as(length + " of " + encoded.length)
          .isInstanceOf(IOException.class);
    }
  }

  @Test
  void shouldFailByAnErrorOfTheConnectionOnlyWhateverComes() throws IOException {
    for (int seed = 0; seed < ROUNDS; seed++) {
      Random random = new Random(seed);
      byte[] damaged = encode(randomBody(random), random);
      for (int i = 0; i < 3; i++) {
        damaged[random.nextInt(damaged.length)] = (byte) random.nextInt(256);
      }

      try {
        assertThat(decode(damaged, random)).hasSizeLessThan(damaged.length);
      } catch (IOException expected) {
        assertThat(expected).hasMessageNotContaining("null");
      }
    }
  }

  @Test
  void shouldTakeExtensionsAndTrailersAndCapitals() throws IOException {
    assertThat(read("A;name=\"v\"\r\n0123456789\r\n0;x\r\nTrailer: 1\r\n\r\n"))
        .isEqualTo("0123456789");
    assertThat(read("1\na\n0\n\n")).isEqualTo("a");
  }

  @Test
  void shouldStayAtItsEnd() throws IOException {
    InputStream in = chunked("1\r\na\r\n0\r\n\r\n1\r\nb\r\n");

    assertThat(in.readAllBytes()).containsExactly('a');
    assertThat(in.read()).isEqualTo(-1);
    assertThat(in.read(new byte[4], 0, 4)).isEqualTo(-1);
    assertThat(in.read(new byte[4], 0, 0)).isZero();
  }

  @ParameterizedTest
  @ValueSource(strings = {"-1", "+1", "g", "", "0x1", " ", "1 1", "fffffffffffffffff", "٣"})
  void shouldRefuseWhatIsNoSize(String size) {
    assertThatThrownBy(() -> read(size + "\r\na\r\n0\r\n\r\n"))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("no size");
  }

  @Test
  void shouldRefuseAChunkLongerThanItsSize() {
    assertThatThrownBy(() -> read("1\r\nab\r\n0\r\n\r\n"))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("longer");
  }

  @Test
  void shouldWriteOneChunkForEachWriteAndNoneForNothing() throws IOException {
    ByteArrayOutputStream encoded = new ByteArrayOutputStream();

    try (ChunkedOutput out = new ChunkedOutput(encoded)) {
      out.write('a');
      out.write(new byte[0]);
      out.write("0123456789abcdefg".getBytes(StandardCharsets.US_ASCII));
    }

    assertThat(encoded.toString(StandardCharsets.US_ASCII))
        .isEqualTo("1\r\na\r\n11\r\n0123456789abcdefg\r\n0\r\n\r\n");
  }

  @Test
  void shouldNotTakeAShortBodyOfKnownLengthForAllOfIt() throws IOException {
    byte[] three = {1, 2, 3};

    assertThat(new BoundedInput(new ByteArrayInputStream(three), 2).readAllBytes()).hasSize(2);
    assertThat(new BoundedInput(new ByteArrayInputStream(three), -1).readAllBytes()).hasSize(3);
    assertThatThrownBy(() -> new BoundedInput(new ByteArrayInputStream(three), 4).readAllBytes())
        .isInstanceOf(IOException.class);
    assertThat(new BoundedInput(new ByteArrayInputStream(three), 0).read()).isEqualTo(-1);
  }
}
