package dev.rekindle.pool.journal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;

/**
 * The journal's folder: two files, of which one counts, and a lock that keeps a second service out.
 * Reading sets aside what is damaged, as {@code damaged}.
 */
final class JournalFiles implements AutoCloseable {
  private static final List<String> NAMES = List.of("journal.0", "journal.1");
  private static final String DAMAGED = "damaged";

  /**
   * What was there.
   *
   * @param header of the file that counts; null if there is none
   * @param records in it
   * @param damage what could not be read, for people; empty if nothing is wrong
   * @param trustedFrom index of the first record that nothing unread can have changed
   */
  record Found(JournalHeader header, List<LeaseRecord> records, String damage, int trustedFrom) {}

  private final Path directory;
  private final Storage.Opener opener;
  private final FileChannel lock;
  private final List<Storage> storages = new ArrayList<>();
  private int active;

  JournalFiles(Path directory, Storage.Opener opener) throws IOException {
    this.directory = directory;
    this.opener = opener;
    Files.createDirectories(
        directory,
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    lock =
        FileChannel.open(
            directory.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    try {
      if (!isLocked()) {
        throw new IOException("another service uses " + directory + "; it must end first");
      }
      for (String name : NAMES) {
        storages.add(opener.open(directory.resolve(name)));
      }
    } catch (IOException | RuntimeException e) {
      close();
      throw e;
    }
  }

  private boolean isLocked() throws IOException {
    try {
      return lock.tryLock() != null;
    } catch (OverlappingFileLockException e) {
      return false;
    }
  }

  /** Reads both files and sets aside what is damaged. */
  Found read() throws IOException {
    JournalHeader newest = null;
    Frames.Scan scan = null;
    List<String> damage = new ArrayList<>();
    for (int i = 0; i < NAMES.size(); i++) {
      try {
        ByteBuffer bytes = storages.get(i).read();
        if (isUnused(bytes)) {
          continue;
        }
        JournalHeader header = JournalHeader.decode(bytes);
        if (newest == null || header.epoch() > newest.epoch()) {
          newest = header;
          scan = Frames.scan(bytes, header.salt());
          active = i;
        }
      } catch (FormatException e) {
        damage.add(NAMES.get(i) + ": " + e.getMessage());
        setAside(i);
      }
    }
    if (newest == null) {
      return new Found(null, List.of(), String.join("; ", damage), 0);
    }
    // A header that cannot be read may have been that of a newer file.
    int trustedFrom = damage.isEmpty() ? scan.trustedFrom() : scan.records().size();
    if (!scan.damage().isEmpty()) {
      damage.add(NAMES.get(active) + ": " + scan.damage());
      setAside(active);
    }
    return new Found(newest, scan.records(), String.join("; ", damage), trustedFrom);
  }

  private static boolean isUnused(ByteBuffer bytes) {
    for (int i = 0; i < Math.min(JournalHeader.BYTES, bytes.limit()); i++) {
      if (bytes.get(i) != 0) {
        return false;
      }
    }
    return true;
  }

  private void setAside(int index) throws IOException {
    Path file = directory.resolve(NAMES.get(index));
    storages.get(index).close();
    Files.move(file, directory.resolve(DAMAGED), StandardCopyOption.REPLACE_EXISTING);
    storages.set(index, opener.open(file));
  }

  /** The file that counts. */
  Storage active() {
    return storages.get(active);
  }

  /** The other one. */
  Storage spare() {
    return storages.get(1 - active);
  }

  void swap() {
    active = 1 - active;
  }

  void force() throws IOException {
    for (Storage storage : storages) {
      storage.force();
    }
  }

  @Override
  public void close() throws IOException {
    try (lock) {
      for (Storage storage : storages) {
        storage.close();
      }
    }
  }
}
