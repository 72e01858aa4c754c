package dev.rekindle.snapshotter.image;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/**
 * A directory that will be a guest's root. Names inside it are resolved as the guest will: an
 * absolute link starts at this root and {@code ..} never leaves it, whatever an archive holds.
 */
final class RootTree {
  private static final int MAX_LINKS = 40;

  private final Path root;

  RootTree(Path root) {
    this.root = root;
  }

  Path root() {
    return root;
  }

  /**
   * Where an entry is to be made: its parents are followed and made where they lack, itself is not
   * followed.
   *
   * @param name as an archive has it; a leading slash or {@code ./} says nothing
   * @return a path under the root; the root itself for {@code .}
   * @throws IOException if a parent is a file, or links go round
   */
  Path place(String name) throws IOException {
    Deque<String> left = new ArrayDeque<>(parts(name));
    if (left.isEmpty()) {
      return root;
    }
    String last = left.removeLast();
    if (last.equals("..")) {
      throw new FileSystemException(name, null, "an entry's name ends with ..");
    }
    return directory(left, name).resolve(last);
  }

  private Path directory(Deque<String> left, String name) throws IOException {
    Path at = root;
    int links = 0;
    while (!left.isEmpty()) {
      String part = left.removeFirst();
      if (part.equals("..")) {
        at = at.equals(root) ? root : at.getParent();
        continue;
      }
      Path next = at.resolve(part);
      if (Files.isSymbolicLink(next)) {
        if (++links > MAX_LINKS) {
          throw new FileSystemException(name, null, "too many symbolic links");
        }
        String target = Files.readSymbolicLink(next).toString();
        if (target.startsWith("/")) {
          at = root;
        }
        parts(target).reversed().forEach(left::addFirst);
        continue;
      }
      if (!Files.isDirectory(next, LinkOption.NOFOLLOW_LINKS)) {
        if (Files.exists(next, LinkOption.NOFOLLOW_LINKS)) {
          throw new FileSystemException(name, null, "a parent is not a directory");
        }
        Files.createDirectory(next);
      }
      at = next;
    }
    return at;
  }

  /**
   * An existing file, for a hard link to it.
   *
   * @throws NoSuchFileException if it is not there, or is no regular file
   */
  Path existingFile(String name) throws IOException {
    Path file = place(name);
    if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
      throw new NoSuchFileException(name, null, "a hard link's target is no file");
    }
    return file;
  }

  private static List<String> parts(String name) throws FileSystemException {
    if (name.length() > 4096 || name.indexOf('\0') >= 0) {
      throw new FileSystemException(
          name.substring(0, Math.min(80, name.length())), null, "no valid name");
    }
    return List.of(name.split("/")).stream()
        .filter(part -> !part.isEmpty() && !part.equals("."))
        .toList();
  }
}
