package dev.rekindle.pool.sizing;

import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.rekindle.snapshotter.template.TemplateName;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Pools on disk, a JSON file each, so that a restart knows them. Blocks. */
final class PoolStore {
  private static final Logger LOG = LoggerFactory.getLogger(PoolStore.class);
  private static final String SUFFIX = ".json";
  private static final JsonMapper JSON = new JsonMapper();

  private final Path directory;

  PoolStore(Path stateDir) {
    directory = stateDir.resolve("pools");
  }

  /** Every readable one by template; one that cannot be read is logged and left. */
  Map<String, PoolSpec> load() throws IOException {
    Map<String, PoolSpec> specs = new TreeMap<>();
    Files.createDirectories(directory);
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, "*" + SUFFIX)) {
      for (Path file : files) {
        String name = file.getFileName().toString().replace(SUFFIX, "");
        try {
          if (TemplateName.isValid(name)) {
            specs.put(name, JSON.readValue(Files.readAllBytes(file), PoolSpec.class));
          }
        } catch (IOException e) {
          LOG.error("pool file {} is not used: {}", file, e.getMessage());
        }
      }
    }
    return specs;
  }

  void save(String template, PoolSpec spec) throws IOException {
    Path unfinished = Files.createTempFile(directory, template, ".tmp");
    Files.write(unfinished, JSON.writeValueAsBytes(spec));
    Files.move(unfinished, directory.resolve(template + SUFFIX), StandardCopyOption.ATOMIC_MOVE);
  }

  void delete(String template) throws IOException {
    Files.deleteIfExists(directory.resolve(template + SUFFIX));
  }
}
