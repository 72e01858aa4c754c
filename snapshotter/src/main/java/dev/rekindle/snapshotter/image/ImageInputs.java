package dev.rekindle.snapshotter.image;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** The digest of all that images are made of; equal digests mean equal images. */
final class ImageInputs {
  /** Counts up when the same inputs give other images. */
  private static final String FORMAT = "rekindle images 1";

  private static final int DIGEST_CHARACTERS = 32;

  private final MessageDigest digest;

  ImageInputs() {
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every JDK has SHA-256", e);
    }
    text(FORMAT);
    text(String.join(" ", Initramfs.MODULES));
    AgentProgram.digest(digest);
    text(RootImage.privileged() ? "owners" : "all root");
  }

  void text(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    digest.update((bytes.length + ":").getBytes(StandardCharsets.US_ASCII));
    digest.update(bytes);
  }

  void texts(List<String> texts) {
    text("list of " + texts.size());
    texts.forEach(this::text);
  }

  /** A file's contents. */
  void file(Path file) throws IOException {
    byte[] chunk = new byte[1 << 16];
    text("file of " + Files.size(file));
    try (InputStream in = Files.newInputStream(file)) {
      for (int n = in.read(chunk); n >= 0; n = in.read(chunk)) {
        digest.update(chunk, 0, n);
      }
    }
  }

  /** A tree's names, sizes, modes, owners, times and link targets; not its files' contents. */
  void tree(Path root) throws IOException {
    try (Stream<Path> all = Files.walk(root)) {
      for (Path at : (Iterable<Path>) all.sorted()::iterator) {
        Map<String, Object> facts =
            Files.readAttributes(at, "unix:mode,uid,gid,size,ctime,ino", LinkOption.NOFOLLOW_LINKS);
        text(root.relativize(at).toString());
        for (String name : List.of("mode", "uid", "gid", "size", "ctime", "ino")) {
          text(facts.get(name).toString());
        }
        if (Files.isSymbolicLink(at)) {
          text(Files.readSymbolicLink(at).toString());
        }
      }
    }
  }

  String digest() {
    return HexFormat.of().formatHex(digest.digest()).substring(0, DIGEST_CHARACTERS);
  }
}
