package dev.rekindle.pool.auth;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * Keys on disk: {@code keys.json} in the state directory, for its owner alone, written whole and
 * put in place at once. Blocks.
 */
final class KeyFile {
  private static final JsonMapper JSON = new JsonMapper();
  private static final String NAME = "keys.json";

  private final Path file;

  KeyFile(Path stateDir) {
    file = stateDir.resolve(NAME);
  }

  /**
   * @throws IOException if it is there and cannot be read or is not what was written: whom to let
   *     in is then unknown
   */
  List<ApiKey> load() throws IOException {
    if (Files.notExists(file)) {
      return List.of();
    }
    List<ApiKey> keys = new ArrayList<>();
    try {
      for (JsonNode node : JSON.readTree(Files.readAllBytes(file)).required("keys")) {
        keys.add(read(node));
      }
    } catch (JsonProcessingException | IllegalArgumentException | DateTimeException e) {
      throw new IOException(file + " is damaged, so nobody can be let in: " + e.getMessage(), e);
    }
    return keys;
  }

  private static ApiKey read(JsonNode node) {
    Set<Scope> scopes = EnumSet.noneOf(Scope.class);
    for (JsonNode scope : node.required("scopes")) {
      scopes.add(Scope.valueOf(scope.asText().toUpperCase(Locale.ROOT)));
    }
    return new ApiKey(
        node.required("id").asText(),
        node.required("name").asText(),
        scopes,
        node.required("sha256").asText(),
        Instant.parse(node.required("createdAt").asText()),
        Optional.ofNullable(node.get("expiresAt")).map(JsonNode::asText).map(Instant::parse),
        node.required("maxLeases").intValue(),
        node.required("requestsPerSecond").intValue());
  }

  void save(Collection<ApiKey> keys) throws IOException {
    ObjectNode root = JSON.createObjectNode();
    ArrayNode all = root.putArray("keys");
    for (ApiKey key : keys) {
      ObjectNode node = all.addObject().put("id", key.id()).put("name", key.name());
      key.scopes().stream().sorted().map(Scope::text).forEach(node.putArray("scopes")::add);
      node.put("sha256", key.sha256()).put("createdAt", key.createdAt().toString());
      key.expiresAt().ifPresent(at -> node.put("expiresAt", at.toString()));
      node.put("maxLeases", key.maxLeases()).put("requestsPerSecond", key.requestsPerSecond());
    }
    writePrivate(file, JSON.writeValueAsString(root));
  }

  /** Writes a file that its owner alone can read, whole or not at all. */
  static void writePrivate(Path file, String text) throws IOException {
    Path unfinished =
        Files.createTempFile(
            file.getParent(),
            file.getFileName().toString(),
            ".tmp",
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    try {
      try (FileChannel channel = FileChannel.open(unfinished, StandardOpenOption.WRITE)) {
        ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
        while (bytes.hasRemaining()) {
          channel.write(bytes);
        }
        channel.force(true);
      }
      Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(unfinished);
    }
  }
}
