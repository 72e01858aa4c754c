package dev.rekindle.snapshotter.format;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.US_ASCII;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.HexFormat;
import java.util.regex.Pattern;

/** The bytes of manifest.json: a fixed prefix with the checksum of the rest, then JSON. */
public final class ManifestJson {
  private static final String PREFIX_FORMAT = "{\"crc32c\":\"%08x\",\n";
  private static final Pattern PREFIX = Pattern.compile("\\{\"crc32c\":\"([0-9a-f]{8})\",\n");
  private static final int PREFIX_BYTES = 22;

  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
          .enable(SerializationFeature.INDENT_OUTPUT)
          .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
          .build();

  private ManifestJson() {}

  /**
   * @param manifest what to write
   * @return the whole file
   */
  public static byte[] encode(Manifest manifest) {
    try {
      byte[] json = JSON.writeValueAsBytes(manifest);
      // The rest is the object without its opening brace, so that the file as a whole is one
      // object.
      int crc = StateFile.crc(json, 1, json.length - 1);
      byte[] prefix = String.format(PREFIX_FORMAT, crc).getBytes(US_ASCII);
      byte[] out = new byte[prefix.length + json.length - 1];
      System.arraycopy(prefix, 0, out, 0, prefix.length);
      System.arraycopy(json, 1, out, prefix.length, json.length - 1);
      return out;
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * @param bytes the whole file, trusted in nothing
   * @return the manifest
   * @throws SnapshotException {@code checksum_mismatch}, {@code version_unsupported} or {@code
   *     manifest_invalid}
   */
  public static Manifest decode(byte[] bytes) throws SnapshotException {
    checkChecksum(bytes);
    try {
      JsonNode root = JSON.readTree(bytes);
      StateFile.checkVersion(SnapshotFormat.MANIFEST_FILE, root.at("/format/major").asInt(-1));
      Manifest manifest = JSON.treeToValue(root, Manifest.class);
      if (manifest == null) {
        throw new SnapshotException(SnapshotError.MANIFEST_INVALID, "manifest.json is null");
      }
      return manifest;
    } catch (JsonProcessingException e) {
      throw new SnapshotException(
          SnapshotError.MANIFEST_INVALID, "manifest.json: " + e.getOriginalMessage(), e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void checkChecksum(byte[] bytes) throws SnapshotException {
    if (bytes.length < PREFIX_BYTES) {
      throw new SnapshotException(
          SnapshotError.TRUNCATED, "manifest.json has " + bytes.length + " bytes");
    }
    var prefix = PREFIX.matcher(new String(bytes, 0, PREFIX_BYTES, ISO_8859_1));
    if (!prefix.matches()) {
      throw new SnapshotException(
          SnapshotError.CHECKSUM_MISMATCH, "manifest.json does not begin with its checksum");
    }
    int actual = StateFile.crc(bytes, PREFIX_BYTES, bytes.length - PREFIX_BYTES);
    if (actual != HexFormat.fromHexDigits(prefix.group(1))) {
      throw new SnapshotException(SnapshotError.CHECKSUM_MISMATCH, "manifest.json");
    }
  }
}
