package dev.rekindle.snapshotter.template;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.rekindle.snapshotter.capture.SnapshotWriter;
import dev.rekindle.snapshotter.format.SnapshotFormat;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Templates and snapshots on disk. A template's file changes by rename, so a reader sees the old or
 * the new generation. Several processes may use one state directory: publishing and deleting take a
 * file lock. Thread: any.
 */
public final class TemplateStore {
  private static final Logger LOG = LoggerFactory.getLogger(TemplateStore.class);
  private static final String SUFFIX = ".json";
  private static final ObjectMapper JSON =
      JsonMapper.builder().enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES).build();

  private final Path templates;
  private final Path snapshots;
  private final Path images;

  /**
   * @param stateDir holds {@code templates}, {@code snapshots} and {@code images}, made when needed
   */
  public TemplateStore(Path stateDir) {
    templates = stateDir.resolve("templates");
    snapshots = stateDir.resolve("snapshots");
    images = stateDir.resolve("images");
  }

  /**
   * @return where snapshots lie
   */
  public Path snapshotsDir() {
    return snapshots;
  }

  /**
   * @return where images lie, by digest
   */
  public Path imagesDir() {
    return images;
  }

  /**
   * @param snapshotId a snapshot's id
   * @return its directory, there or not
   * @throws IllegalArgumentException if it is no id
   */
  public Path snapshotDir(String snapshotId) {
    if (!SnapshotFormat.isSnapshotId(snapshotId)) {
      throw new IllegalArgumentException("not a snapshot id: " + snapshotId);
    }
    return snapshots.resolve(snapshotId);
  }

  /**
   * @param name of a template
   * @return its current generation, empty if there is none
   * @throws IOException if the file cannot be read or is damaged
   */
  public Optional<Template> find(String name) throws IOException {
    try {
      return Optional.of(JSON.readValue(Files.readAllBytes(file(name)), Template.class));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
  }

  /**
   * @return all templates by name; one whose file is damaged is logged and left out
   * @throws IOException if the directory cannot be read
   */
  public List<Template> list() throws IOException {
    List<Template> all = new ArrayList<>();
    for (String name : names()) {
      try {
        find(name).ifPresent(all::add);
      } catch (IOException e) {
        LOG.warn("template {} cannot be read", name, e);
      }
    }
    return all;
  }

  /**
   * Makes a snapshot a template's current one.
   *
   * @param name of the template, new or not
   * @param recipe it was built from
   * @param snapshotId a published snapshot
   * @return the new generation; the one before keeps its snapshot until {@link #removeSnapshot}
   * @throws IOException if it cannot be written; the old generation stays
   */
  public Template publish(String name, JsonNode recipe, String snapshotId) throws IOException {
    if (!Files.isDirectory(snapshotDir(snapshotId))) {
      throw new NoSuchFileException(snapshotDir(snapshotId).toString());
    }
    Files.createDirectories(templates);
    try (FileChannel channel = openLock();
        FileLock _ = channel.lock()) {
      int generation = find(name).map(Template::generation).orElse(0) + 1;
      String now = Instant.now().truncatedTo(ChronoUnit.MILLIS).toString();
      Template template = new Template(name, recipe, snapshotId, generation, now);
      Path unfinished = templates.resolve("." + name + ".new");
      try (FileChannel out =
          FileChannel.open(
              unfinished,
              StandardOpenOption.CREATE,
              StandardOpenOption.TRUNCATE_EXISTING,
              StandardOpenOption.WRITE)) {
        ByteBuffer bytes = ByteBuffer.wrap(JSON.writeValueAsBytes(template));
        while (bytes.hasRemaining()) {
          out.write(bytes);
        }
        out.force(true);
      }
      Files.move(
          unfinished,
          file(name),
          StandardCopyOption.ATOMIC_MOVE,
          StandardCopyOption.REPLACE_EXISTING);
      return template;
    }
  }

  /**
   * Removes a template; its snapshots stay until {@link #removeSnapshot}.
   *
   * @param name of the template
   * @return false if there was none
   * @throws IOException if it cannot be removed
   */
  public boolean delete(String name) throws IOException {
    Path file = file(name);
    if (!Files.exists(file)) {
      return false;
    }
    try (FileChannel channel = openLock();
        FileLock _ = channel.lock()) {
      return Files.deleteIfExists(file);
    }
  }

  /**
   * The snapshots no template names. A build publishes its snapshot just before its template: call
   * this only while no builder runs. Whether a sandbox still uses one, only the caller knows; on
   * Linux a removed file lives on for who has it open.
   *
   * @return their ids
   * @throws IOException if a directory, or any template, cannot be read: then nothing counts as
   *     garbage
   */
  public Set<String> unreferencedSnapshots() throws IOException {
    // Snapshots first: one that is published between the two listings is then not among them.
    Set<String> garbage = new TreeSet<>();
    if (Files.isDirectory(snapshots)) {
      try (var entries = Files.list(snapshots)) {
        entries
            .map(path -> path.getFileName().toString())
            .filter(SnapshotFormat::isSnapshotId)
            .forEach(garbage::add);
      }
    }
    for (String name : names()) {
      find(name).ifPresent(template -> garbage.remove(template.snapshotId()));
    }
    return garbage;
  }

  /**
   * Removes a snapshot's files.
   *
   * @param snapshotId named by no template and used by no sandbox to come
   * @throws IOException if one cannot be removed
   */
  public void removeSnapshot(String snapshotId) throws IOException {
    removeTree(snapshotDir(snapshotId));
  }

  /**
   * Removes what killed writers left. Only while no builder runs.
   *
   * @throws IOException if a file cannot be removed
   */
  public void sweepUnfinished() throws IOException {
    if (!Files.isDirectory(snapshots)) {
      return;
    }
    try (var entries = Files.list(snapshots)) {
      for (Path path :
          entries
              .filter(p -> p.getFileName().toString().startsWith(SnapshotWriter.UNFINISHED_PREFIX))
              .toList()) {
        removeTree(path);
      }
    }
  }

  private Set<String> names() throws IOException {
    if (!Files.isDirectory(templates)) {
      return Set.of();
    }
    try (var entries = Files.list(templates)) {
      return entries
          .map(path -> path.getFileName().toString())
          .filter(file -> file.endsWith(SUFFIX))
          .map(file -> file.substring(0, file.length() - SUFFIX.length()))
          .filter(TemplateName::isValid)
          .collect(Collectors.toCollection(TreeSet::new));
    }
  }

  private Path file(String name) {
    return templates.resolve(TemplateName.require(name) + SUFFIX);
  }

  private FileChannel openLock() throws IOException {
    return FileChannel.open(
        templates.resolve(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
  }

  private static void removeTree(Path directory) throws IOException {
    if (!Files.isDirectory(directory)) {
      return;
    }
    try (var entries = Files.list(directory)) {
      for (Path entry : entries.toList()) {
        Files.deleteIfExists(entry);
      }
    }
    Files.deleteIfExists(directory);
  }
}
