package dev.rekindle.snapshotter.image;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.TreeMap;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;

/**
 * Unpacks a tar that nobody vouches for. Names and links stay inside the tree ({@link RootTree}).
 * Owners are kept where this process may set them. Device nodes, FIFOs and sockets are left out,
 * for the guest's {@code /dev} is the kernel's; so are extended attributes.
 */
final class TarExtractor {
  private static final int CHUNK_BYTES = 1 << 16;

  private final RootTree tree;
  private final boolean owners;
  private final long maxBytes;
  private final long maxEntries;
  private final Map<Path, Integer> directoryModes = new TreeMap<>();
  private long bytes;
  private long entries;
  private long skipped;

  /**
   * @param tree to fill
   * @param owners whether to set them; needs root
   * @param maxBytes of all files together, holes included
   * @param maxEntries of all kinds
   */
  TarExtractor(RootTree tree, boolean owners, long maxBytes, long maxEntries) {
    this.tree = tree;
    this.owners = owners;
    this.maxBytes = maxBytes;
    this.maxEntries = maxEntries;
  }

  /** Entries left out so far: devices, FIFOs, sockets. */
  long skipped() {
    return skipped;
  }

  /**
   * Unpacks all of one archive.
   *
   * @throws ImageException {@code image.too_large}
   * @throws IOException if the archive is damaged or the tree cannot be written
   */
  void extract(InputStream in) throws IOException, ImageException {
    try (TarArchiveInputStream tar = new TarArchiveInputStream(in, "UTF-8")) {
      for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
        if (++entries > maxEntries) {
          throw new ImageException("image.too_large", "more than " + maxEntries + " entries");
        }
        if (entry.getSize() < 0 || entry.getSize() > maxBytes - bytes) {
          throw new ImageException(
              "image.too_large", "more than " + maxBytes + " bytes: " + entry.getName());
        }
        extract(tar, entry);
      }
      // A writer at the other end of a pipe is let finish.
      in.transferTo(OutputStream.nullOutputStream());
    } catch (IllegalArgumentException | ArithmeticException | IndexOutOfBoundsException e) {
      // commons-compress lets some of these through for damaged headers.
      throw new IOException("damaged archive: " + e.getMessage(), e);
    }
    // Last, because a directory without write permission could not be filled before.
    for (Map.Entry<Path, Integer> directory : directoryModes.entrySet()) {
      if (Files.isDirectory(directory.getKey(), LinkOption.NOFOLLOW_LINKS)) {
        Files.setAttribute(directory.getKey(), "unix:mode", directory.getValue());
      }
    }
    directoryModes.clear();
  }

  private void extract(TarArchiveInputStream tar, TarArchiveEntry entry) throws IOException {
    Path at = tree.place(entry.getName());
    // Without root, what its owner may not read could not be packed.
    int mode = entry.getMode() & 07777 | (owners ? 0 : entry.isDirectory() ? 0700 : 0400);
    if (entry.isDirectory()) {
      if (!Files.isDirectory(at, LinkOption.NOFOLLOW_LINKS)) {
        // A directory over a link to a directory: the link stays, as in a merged /usr.
        if (Files.isSymbolicLink(at)) {
          at = tree.place(entry.getName() + "/.x").getParent();
        } else {
          remove(at);
          Files.createDirectory(at);
        }
      }
      owner(at, entry);
      directoryModes.put(at, mode);
    } else if (entry.isSymbolicLink()) {
      requireBelowRoot(at, entry);
      remove(at);
      Files.createSymbolicLink(at, Path.of(entry.getLinkName()));
      owner(at, entry);
    } else if (entry.isLink()) {
      requireBelowRoot(at, entry);
      Path target = tree.existingFile(entry.getLinkName());
      if (!target.equals(at)) {
        remove(at);
        Files.createLink(at, target);
      }
    } else if (hasContents(entry)) {
      requireBelowRoot(at, entry);
      remove(at);
      file(tar, at);
      owner(at, entry);
      Files.setAttribute(at, "unix:mode", mode, LinkOption.NOFOLLOW_LINKS);
    } else {
      skipped++;
    }
  }

  /** {@code isFile} also says so of devices. */
  private static boolean hasContents(TarArchiveEntry entry) {
    byte kind = entry.getLinkFlag();
    return kind == TarConstants.LF_NORMAL
        || kind == TarConstants.LF_OLDNORM
        || kind == TarConstants.LF_CONTIG
        || entry.isSparse();
  }

  private void requireBelowRoot(Path at, TarArchiveEntry entry) throws IOException {
    if (at.equals(tree.root())) {
      throw new FileSystemException(entry.getName(), null, "the root is no directory");
    }
  }

  private void file(InputStream tar, Path at) throws IOException {
    byte[] chunk = new byte[CHUNK_BYTES];
    try (OutputStream out =
        Files.newOutputStream(at, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      for (int n = tar.read(chunk); n >= 0; n = tar.read(chunk)) {
        bytes += n;
        if (bytes > maxBytes) {
          throw new IOException("more bytes than the headers say");
        }
        out.write(chunk, 0, n);
      }
    }
  }

  private void owner(Path at, TarArchiveEntry entry) throws IOException {
    if (owners) {
      int uid = Math.clamp(entry.getLongUserId(), 0, Integer.MAX_VALUE);
      int gid = Math.clamp(entry.getLongGroupId(), 0, Integer.MAX_VALUE);
      Files.setAttribute(at, "unix:uid", uid, LinkOption.NOFOLLOW_LINKS);
      Files.setAttribute(at, "unix:gid", gid, LinkOption.NOFOLLOW_LINKS);
    }
  }

  private static void remove(Path at) throws IOException {
    try {
      Files.deleteIfExists(at);
    } catch (DirectoryNotEmptyException e) {
      throw new FileSystemException(at.toString(), null, "a file in place of a full directory");
    }
  }
}
