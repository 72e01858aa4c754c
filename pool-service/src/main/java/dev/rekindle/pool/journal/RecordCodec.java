package dev.rekindle.pool.journal;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The payload of a record, {@code docs/lease-journal.md}, "Records". Buffers are little-endian;
 * digests are bytes in their order. What follows the known fields of a payload is ignored, so that
 * a later writer may add some.
 */
final class RecordCodec {
  /** Longest payload. */
  static final int MAX_PAYLOAD_BYTES = 4096;

  /** Longest string, UTF-8; a longer one is cut. */
  static final int MAX_STRING_BYTES = 256;

  static final int MAX_STAGES = 24;

  /** Former tokens of one lease that are remembered. */
  static final int MAX_FORMER_TOKENS = 16;

  private static final byte GIVEN = 1;
  private static final byte RENEWED = 2;
  private static final byte ENDED = 3;

  private RecordCodec() {}

  static void encode(LeaseRecord record, ByteBuffer out) {
    switch (record) {
      case LeaseRecord.Given given -> {
        out.put(GIVEN);
        string(given.id(), out);
        origin(given.origin(), out);
        terms(given.terms(), out);
        keyed(given.keyed(), out);
        List<Digest> former = given.formerTokens();
        List<Digest> kept =
            former.subList(Math.max(0, former.size() - MAX_FORMER_TOKENS), former.size());
        out.put((byte) kept.size());
        kept.forEach(token -> digest(token, out));
        string(given.served(), out);
        stages(given.stagesMicros(), out);
      }
      case LeaseRecord.Renewed renewed -> {
        out.put(RENEWED);
        string(renewed.id(), out);
        terms(renewed.terms(), out);
      }
      case LeaseRecord.Ended ended -> {
        out.put(ENDED);
        string(ended.id(), out);
        string(ended.code(), out);
        string(ended.detail(), out);
        out.putLong(ended.endedBootMillis());
        digest(ended.token(), out);
        keyed(ended.keyed(), out);
      }
    }
  }

  private static void origin(LeaseRecord.Origin origin, ByteBuffer out) {
    string(origin.template(), out);
    string(origin.snapshotId(), out);
    string(origin.tenant(), out);
    out.put((byte) (origin.run() ? 1 : 0));
    out.putLong(origin.createdMillis());
  }

  private static void terms(LeaseRecord.Terms terms, ByteBuffer out) {
    out.putLong(terms.expiresMillis());
    out.putLong(terms.deadlineBootMillis());
    out.putInt(terms.generation());
    digest(terms.token(), out);
  }

  private static void keyed(LeaseRecord.Keyed keyed, ByteBuffer out) {
    out.put((byte) (keyed.isPresent() ? 1 : 0));
    if (keyed.isPresent()) {
      digest(keyed.key(), out);
      digest(keyed.request(), out);
    }
  }

  private static void stages(Map<String, Long> stages, ByteBuffer out) {
    out.put((byte) Math.min(MAX_STAGES, stages.size()));
    stages.entrySet().stream()
        .limit(MAX_STAGES)
        .forEach(stage -> {
          string(cut(stage.getKey(), 32), out);
          out.putLong(stage.getValue());
        });
  }

  private static void digest(Digest digest, ByteBuffer out) {
    for (long part : new long[] {digest.a(), digest.b(), digest.c(), digest.d()}) {
      out.putLong(Long.reverseBytes(part));
    }
  }

  private static void string(String text, ByteBuffer out) {
    byte[] bytes = cut(text, MAX_STRING_BYTES).getBytes(StandardCharsets.UTF_8);
    out.putShort((short) bytes.length);
    out.put(bytes);
  }

  /** As many whole characters as fit. */
  private static String cut(String text, int maxBytes) {
    if (text.length() * 3L <= maxBytes) {
      return text;
    }
    ByteBuffer fitting = ByteBuffer.allocate(maxBytes);
    CharBuffer in = CharBuffer.wrap(text);
    StandardCharsets.UTF_8.newEncoder().encode(in, fitting, true);
    return text.substring(0, in.position());
  }

  /**
   * @param in a whole payload, whose checksum was right
   * @throws FormatException if it is no record this version knows
   */
  static LeaseRecord decode(ByteBuffer in) throws FormatException {
    byte type = in.get(in.position());
    try {
      in.get();
      return switch (type) {
        case GIVEN -> given(in);
        case RENEWED -> new LeaseRecord.Renewed(string(in), terms(in));
        case ENDED ->
            new LeaseRecord.Ended(
                string(in), string(in), string(in), in.getLong(), digest(in), keyed(in));
        default -> throw new FormatException("unknown record type " + type);
      };
    } catch (java.nio.BufferUnderflowException e) {
      throw new FormatException("a record of type " + type + " ends too early");
    }
  }

  private static LeaseRecord given(ByteBuffer in) throws FormatException {
    String id = string(in);
    LeaseRecord.Origin origin =
        new LeaseRecord.Origin(string(in), string(in), string(in), flag(in), in.getLong());
    LeaseRecord.Terms terms = terms(in);
    LeaseRecord.Keyed keyed = keyed(in);
    int formerCount = count("former tokens", in, MAX_FORMER_TOKENS);
    List<Digest> former = new ArrayList<>(formerCount);
    for (int i = 0; i < formerCount; i++) {
      former.add(digest(in));
    }
    String served = string(in);
    int stageCount = count("stages", in, MAX_STAGES);
    Map<String, Long> stages = new LinkedHashMap<>();
    for (int i = 0; i < stageCount; i++) {
      stages.put(string(in), in.getLong());
    }
    return new LeaseRecord.Given(id, origin, terms, former, keyed, served, stages);
  }

  private static LeaseRecord.Terms terms(ByteBuffer in) {
    return new LeaseRecord.Terms(in.getLong(), in.getLong(), in.getInt(), digest(in));
  }

  private static LeaseRecord.Keyed keyed(ByteBuffer in) throws FormatException {
    return flag(in) ? new LeaseRecord.Keyed(digest(in), digest(in)) : LeaseRecord.Keyed.NONE;
  }

  private static Digest digest(ByteBuffer in) {
    byte[] bytes = new byte[Digest.BYTES];
    in.get(bytes);
    return Digest.of(bytes);
  }

  private static boolean flag(ByteBuffer in) throws FormatException {
    return count("a flag", in, 1) == 1;
  }

  private static int count(String what, ByteBuffer in, int max) throws FormatException {
    int count = Byte.toUnsignedInt(in.get());
    if (count > max) {
      throw new FormatException(what + " must be at most " + max + ", got " + count);
    }
    return count;
  }

  private static String string(ByteBuffer in) throws FormatException {
    int length = Short.toUnsignedInt(in.getShort());
    if (length > MAX_STRING_BYTES) {
      throw new FormatException(
          "a string has at most " + MAX_STRING_BYTES + " bytes, got " + length);
    }
    byte[] bytes = new byte[length];
    in.get(bytes);
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw new FormatException("a string is not UTF-8");
    }
  }
}
