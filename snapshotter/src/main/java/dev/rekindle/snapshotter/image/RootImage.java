package dev.rekindle.snapshotter.image;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPInputStream;
import org.tukaani.xz.XZInputStream;

/**
 * Makes the read-only root image: EROFS, not compressed. It is as large as its files, needs no size
 * to be guessed as ext4 does, its pages come from the page cache as they are in the file, and it
 * has nothing to write: no journal, no mount count. Times and the volume's id are fixed, so equal
 * trees give equal images.
 */
final class RootImage {
  private static final Duration LIMIT = Duration.ofMinutes(30);
  private static final long MAX_BYTES = 64L << 30;
  private static final long MAX_ENTRIES = 4_000_000;
  private static final String NO_UUID = "00000000-0000-0000-0000-000000000000";

  private static final Map<String, String> ETC = new LinkedHashMap<>();

  static {
    ETC.put("passwd", "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n");
    ETC.put("group", "root:x:0:\ntty:x:5:\nnogroup:x:65534:\n");
    ETC.put("hosts", "127.0.0.1 localhost\n::1 localhost\n");
    ETC.put("nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n");
    ETC.put("resolv.conf", "");
    ETC.put("machine-id", "");
  }

  private RootImage() {}

  /** Whether owners can be kept; without, everything in an image belongs to root. */
  static boolean privileged() {
    try {
      return Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0);
    } catch (IOException e) {
      return false;
    }
  }

  /** Fills a tree from packages, which include busybox. */
  static void fromPackages(List<Path> archives, Path root)
      throws ImageException, InterruptedException {
    try {
      // Debian's merged /usr: from Debian 13 on, packages have files in /usr only.
      for (String name : List.of("bin", "sbin", "lib", "lib64")) {
        Files.createDirectories(root.resolve("usr").resolve(name));
        Files.createSymbolicLink(root.resolve(name), Path.of("usr", name));
      }
      TarExtractor extractor = extractor(root);
      for (Path archive : archives) {
        DebianPackages.unpack(archive, extractor);
      }
      busyboxLinks(root);
      minimalEtc(root);
    } catch (IOException e) {
      throw Failures.writing(root, e);
    }
  }

  /** Fills a tree from a tar, which may be compressed with gzip or xz. */
  static long fromTar(Path tar, Path root) throws ImageException {
    TarExtractor extractor = extractor(root);
    try (InputStream raw = new BufferedInputStream(Files.newInputStream(tar));
        InputStream in = decompressed(raw)) {
      extractor.extract(in);
      minimalEtc(root);
    } catch (IOException e) {
      throw Failures.reading("image.tar_unreadable", tar, e);
    }
    return extractor.skipped();
  }

  private static InputStream decompressed(InputStream in) throws IOException {
    in.mark(8);
    byte[] magic = in.readNBytes(6);
    in.reset();
    if (magic.length >= 2 && magic[0] == 0x1f && magic[1] == (byte) 0x8b) {
      return new GZIPInputStream(in, 1 << 16);
    }
    if (magic.length == 6 && magic[0] == (byte) 0xfd && magic[1] == '7' && magic[2] == 'z') {
      return new XZInputStream(in, 1 << 16);
    }
    if (magic.length >= 4 && magic[0] == 0x28 && magic[1] == (byte) 0xb5) {
      throw new IOException("compressed with zstd; use gzip, xz or none");
    }
    return in;
  }

  private static TarExtractor extractor(Path root) {
    return new TarExtractor(new RootTree(root), privileged(), MAX_BYTES, MAX_ENTRIES);
  }

  /** A link for each of busybox's commands the tree does not have. */
  private static void busyboxLinks(Path root)
      throws IOException, ImageException, InterruptedException {
    Path busybox = root.resolve("usr/bin/busybox");
    if (!Files.isRegularFile(busybox, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    RootTree tree = new RootTree(root);
    String applets = HostTool.require(LIMIT, null, List.of(busybox.toString(), "--list-full"));
    for (String applet : applets.lines().toList()) {
      Path at = tree.place(applet);
      if (!Files.exists(at, LinkOption.NOFOLLOW_LINKS)) {
        Files.createSymbolicLink(at, Path.of("/usr/bin/busybox"));
      }
    }
  }

  private static void minimalEtc(Path root) throws IOException {
    RootTree tree = new RootTree(root);
    for (String name : List.of("dev", "proc", "sys", "run", "tmp", "root", "var/tmp")) {
      tree.place(name + "/.x");
    }
    for (Map.Entry<String, String> file : ETC.entrySet()) {
      Path at = tree.place("etc/" + file.getKey());
      if (!Files.exists(at, LinkOption.NOFOLLOW_LINKS)) {
        Files.writeString(at, file.getValue());
      }
    }
  }

  /**
   * Packs a directory.
   *
   * @throws ImageException {@code image.tool_missing}, {@code image.tool_failed}, {@code
   *     image.no_space}
   */
  static void pack(Path directory, Path image) throws ImageException, InterruptedException {
    List<String> command =
        new ArrayList<>(List.of("mkfs.erofs", "--quiet", "-x-1", "-T1", "-U" + NO_UUID));
    if (!privileged()) {
      command.add("--all-root");
    }
    command.addAll(List.of("--", image.toString(), directory.toString()));
    HostTool.require(LIMIT, directory, command);
    if (!Files.isRegularFile(image)) {
      throw new ImageException("image.tool_failed", "mkfs.erofs left no image");
    }
  }
}
