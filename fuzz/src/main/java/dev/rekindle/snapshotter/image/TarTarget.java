package dev.rekindle.snapshotter.image;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.rekindle.fuzz.FuzzTarget;
import dev.rekindle.fuzz.Refusal;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;

/**
 * A tar that nobody vouches for: what it makes lies within its tree, and is no more than allowed.
 */
public final class TarTarget implements FuzzTarget {
  private static final long MAX_BYTES = 1 << 16;
  private static final long MAX_ENTRIES = 32;

  private Path base;

  /** Ready. */
  public TarTarget() {}

  @Override
  public String name() {
    return "tar";
  }

  @Override
  public void run(byte[] input) throws IOException {
    if (base == null) {
      base = Files.createTempDirectory("rekindle-fuzz-tar");
    }
    Path around = Files.createDirectory(base.resolve("around"));
    Path root = Files.createDirectory(around.resolve("root"));
    extract(root, input);
    long[] bytes = {0};
    clear(around, bytes);
    if (bytes[0] > MAX_BYTES) {
      throw new AssertionError("unpacked " + bytes[0] + " bytes");
    }
  }

  private static void extract(Path root, byte[] input) {
    try {
      new TarExtractor(new RootTree(root), false, MAX_BYTES, MAX_ENTRIES)
          .extract(new ByteArrayInputStream(input));
    } catch (ImageException e) {
      Refusal.check(e.code(), e);
    } catch (IOException e) {
      // Damaged, or a name that leads nowhere.
      Refusal.check(e);
    }
  }

  /** Deletes the tree; beside it there must be nothing. */
  private static void clear(Path around, long[] bytes) throws IOException {
    try (var entries = Files.list(around)) {
      List<Path> all = entries.toList();
      if (all.size() != 1 || !Files.isDirectory(all.getFirst())) {
        throw new AssertionError("beside the tree: " + all);
      }
    }
    Files.walkFileTree(
        around,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path at, BasicFileAttributes a)
              throws IOException {
            Files.setPosixFilePermissions(at, PosixFilePermissions.fromString("rwx------"));
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path at, BasicFileAttributes a) throws IOException {
            bytes[0] += a.isRegularFile() ? a.size() : 0;
            Files.delete(at);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path at, IOException e) throws IOException {
            Files.delete(at);
            return FileVisitResult.CONTINUE;
          }
        });
  }

  @Override
  public List<byte[]> seeds() throws IOException {
    return List.of(
        tar(entry("d/", TarConstants.LF_DIR, ""), entry("d/f", TarConstants.LF_NORMAL, "")),
        tar(
            entry("f", TarConstants.LF_NORMAL, ""),
            entry("s", TarConstants.LF_SYMLINK, "/f"),
            entry("h", TarConstants.LF_LINK, "f"),
            entry("s/x", TarConstants.LF_NORMAL, "")),
        tar(
            entry("o", TarConstants.LF_SYMLINK, "../../../tmp"),
            entry("o/x", TarConstants.LF_NORMAL, ""),
            entry("n", TarConstants.LF_CHR, ""),
            entry("a".repeat(120), TarConstants.LF_NORMAL, "")));
  }

  private static TarArchiveEntry entry(String name, byte kind, String link) {
    TarArchiveEntry entry = new TarArchiveEntry(name, kind);
    entry.setLinkName(link);
    entry.setModTime(0);
    return entry;
  }

  private static byte[] tar(TarArchiveEntry... entries) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (TarArchiveOutputStream tar = new TarArchiveOutputStream(out, 512, "UTF-8")) {
      tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_GNU);
      for (TarArchiveEntry entry : entries) {
        byte[] contents =
            entry.isFile() && entry.getLinkFlag() == TarConstants.LF_NORMAL
                ? "abc".getBytes(UTF_8)
                : new byte[0];
        entry.setSize(contents.length);
        tar.putArchiveEntry(entry);
        tar.write(contents);
        tar.closeArchiveEntry();
      }
    }
    return out.toByteArray();
  }
}
