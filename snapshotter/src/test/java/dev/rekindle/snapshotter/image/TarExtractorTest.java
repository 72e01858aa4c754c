package dev.rekindle.snapshotter.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TarExtractorTest {
  @TempDir Path directory;
  private Path root;
  private Path outside;
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private TarArchiveOutputStream tar;

  @BeforeEach
  void start() throws IOException {
    root = Files.createDirectory(directory.resolve("root"));
    outside = Files.createDirectory(directory.resolve("outside"));
    Files.writeString(outside.resolve("secret"), "untouched");
    tar = new TarArchiveOutputStream(bytes);
    tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
  }

  @Test
  void shouldUnpackFilesLinksAndModes() throws Exception {
    file("a/b/c", "text", 04755);
    link("a/soft", TarConstants.LF_SYMLINK, "b/c");
    link("hard", TarConstants.LF_LINK, "a/b/c");
    directory("closed", 0500);
    file("closed/in", "in", 0600);

    extract();

    assertThat(root.resolve("a/soft")).isSymbolicLink().hasContent("text");
    assertThat(root.resolve("hard")).hasContent("text");
    assertThat(Files.getAttribute(root.resolve("a/b/c"), "unix:nlink")).isEqualTo(2);
    assertThat((int) Files.getAttribute(root.resolve("a/b/c"), "unix:mode") & 07777)
        .isEqualTo(04755);
    assertThat(root.resolve("closed/in")).exists();
  }

  @Test
  void shouldStayInsideWhenNamesLeadOut() throws Exception {
    file("/abs", "x", 0644);
    file("../../up", "x", 0644);

    extract();

    assertThat(root.resolve("abs")).exists();
    assertThat(root.resolve("up")).exists();
    assertThat(directory.resolve("up")).doesNotExist();
  }

  @Test
  void shouldStayInsideWhenLinksLeadOut() throws Exception {
    link("out", TarConstants.LF_SYMLINK, outside.toString());
    file("out/secret", "evil", 0644);
    link("dots", TarConstants.LF_SYMLINK, "../outside");
    file("dots/secret", "evil", 0644);
    link("secret", TarConstants.LF_SYMLINK, outside.resolve("secret").toString());
    file("secret", "evil", 0644);

    extract();

    assertThat(outside.resolve("secret")).hasContent("untouched");
    assertThat(root.resolve("outside/secret")).hasContent("evil");
  }

  @Test
  void shouldRefuseHardLinkToWhatIsOutside() throws Exception {
    link("hard", TarConstants.LF_LINK, "../outside/secret");

    assertThatThrownBy(this::extract).isInstanceOf(IOException.class);
  }

  @Test
  void shouldNotFollowHardLinkToSymbolicLink() throws Exception {
    link("soft", TarConstants.LF_SYMLINK, outside.resolve("secret").toString());
    link("hard", TarConstants.LF_LINK, "soft");

    assertThatThrownBy(this::extract).isInstanceOf(IOException.class);
  }

  @Test
  void shouldRefuseLinksThatGoRound() throws Exception {
    link("a", TarConstants.LF_SYMLINK, "b");
    link("b", TarConstants.LF_SYMLINK, "a");
    file("a/x", "x", 0644);

    assertThatThrownBy(this::extract).hasMessageContaining("too many symbolic links");
  }

  @Test
  void shouldKeepLinkInPlaceOfDirectory() throws Exception {
    directory("usr/bin", 0755);
    link("bin", TarConstants.LF_SYMLINK, "usr/bin");
    directory("bin", 0755);
    file("bin/sh", "shell", 0755);

    extract();

    assertThat(root.resolve("bin")).isSymbolicLink();
    assertThat(root.resolve("usr/bin/sh")).hasContent("shell");
  }

  @Test
  void shouldLeaveDevicesOut() throws Exception {
    link("null", TarConstants.LF_CHR, "");
    link("pipe", TarConstants.LF_FIFO, "");

    TarExtractor extractor = extract();

    assertThat(extractor.skipped()).isEqualTo(2);
    assertThat(root).isEmptyDirectory();
  }

  @Test
  void shouldRefuseMoreThanTheLimits() throws Exception {
    file("a", "x".repeat(600), 0644);
    file("b", "x".repeat(600), 0644);
    tar.close();

    assertThatThrownBy(() -> extract(1000, 100))
        .isInstanceOfSatisfying(
            ImageException.class, e -> assertThat(e.code()).isEqualTo("image.too_large"));
    assertThatThrownBy(() -> extract(10_000, 1))
        .isInstanceOfSatisfying(
            ImageException.class, e -> assertThat(e.code()).isEqualTo("image.too_large"));
  }

  @Test
  void shouldFailCleanlyWhenDamaged() throws Exception {
    file("a/b", "x".repeat(3000), 0644);
    link("l", TarConstants.LF_SYMLINK, "a");
    directory("d", 0755);
    tar.close();
    Random random = new Random(99);
    for (int i = 0; i < 500; i++) {
      byte[] damaged = bytes.toByteArray();
      for (int j = 0; j < 1 + i % 8; j++) {
        damaged[random.nextInt(damaged.length)] = (byte) random.nextInt();
      }
      Path into = Files.createDirectory(directory.resolve("damaged" + i));
      try {
        new TarExtractor(new RootTree(into), false, 1 << 20, 1000)
            .extract(new ByteArrayInputStream(damaged));
      } catch (IOException | ImageException e) {
        assertThat(e).hasMessageNotContaining("NullPointer");
      }
    }
    assertThat(outside.resolve("secret")).hasContent("untouched");
  }

  private TarExtractor extract() throws IOException, ImageException {
    tar.close();
    return extract(1 << 20, 1000);
  }

  private TarExtractor extract(long maxBytes, long maxEntries) throws IOException, ImageException {
    TarExtractor extractor = new TarExtractor(new RootTree(root), false, maxBytes, maxEntries);
    extractor.extract(new ByteArrayInputStream(bytes.toByteArray()));
    return extractor;
  }

  private void file(String name, String text, int mode) throws IOException {
    TarArchiveEntry entry = new TarArchiveEntry(name, TarConstants.LF_NORMAL, true);
    byte[] content = text.getBytes(StandardCharsets.UTF_8);
    entry.setSize(content.length);
    entry.setMode(0100000 | mode);
    tar.putArchiveEntry(entry);
    tar.write(content);
    tar.closeArchiveEntry();
  }

  private void directory(String name, int mode) throws IOException {
    TarArchiveEntry entry = new TarArchiveEntry(name + "/", TarConstants.LF_DIR, true);
    entry.setMode(040000 | mode);
    tar.putArchiveEntry(entry);
    tar.closeArchiveEntry();
  }

  private void link(String name, byte kind, String target) throws IOException {
    TarArchiveEntry entry = new TarArchiveEntry(name, kind, true);
    entry.setLinkName(target);
    tar.putArchiveEntry(entry);
    tar.closeArchiveEntry();
  }
}
