package dev.rekindle.snapshotter.index;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import net.openhft.chronicle.hash.ChronicleHashClosedException;
import net.openhft.chronicle.hash.locks.InterProcessDeadLockException;
import net.openhft.chronicle.map.ChronicleMap;
import net.openhft.chronicle.map.ChronicleMapBuilder;

/**
 * A Chronicle Map in a file of its own, one segment, sized for values of the largest kind and not
 * growing. Only ever made, never opened: a file that another process has written to may hold that
 * process's locks. The first one in a JVM takes seconds (Chronicle compiles classes). Thread: one
 * at a time.
 */
final class ChronicleStore implements ValueStore {
  static {
    defaultTo("chronicle.analytics.disable", "true");
    defaultTo("chronicle.announcer.disable", "true");
    // Nobody holds a lock for longer than a put; whoever does is dead, or up to no good.
    defaultTo("net.openhft.chronicle.map.lockTimeoutSeconds", "1");
  }

  private static final int AVERAGE_KEY_BYTES = 72;

  private final Path file;
  private final int capacity;
  private final ChronicleMap<byte[], byte[]> map;
  private int size;

  private ChronicleStore(Path file, int capacity, ChronicleMap<byte[], byte[]> map) {
    this.file = file;
    this.capacity = capacity;
    this.map = map;
  }

  private static void defaultTo(String property, String value) {
    if (System.getProperty(property) == null) {
      System.setProperty(property, value);
    }
  }

  /**
   * Makes an empty map; all of its room on the disk is taken at once.
   *
   * @param file must not be there; any process may read it
   * @param capacity most entries
   * @throws IndexException {@code no_space}, {@code io}, or {@code unavailable} where the JVM lacks
   *     what Chronicle needs (see {@code conf/index.jvmargs}) or is no JDK
   */
  static ChronicleStore create(Path file, int capacity) throws IndexException {
    try {
      // Made by us, empty, for the sake of its permissions; Chronicle then fills it.
      Files.createFile(file);
      Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
      ChronicleMap<byte[], byte[]> map =
          ChronicleMapBuilder.of(byte[].class, byte[].class)
              .name("snapshots")
              .entries(capacity)
              .averageKeySize(AVERAGE_KEY_BYTES)
              .averageValueSize(SignedValue.MAX_BYTES)
              .actualSegments(1)
              .skipCloseOnExitHook(true)
              .createPersistedTo(file.toFile());
      return new ChronicleStore(file, capacity, map);
    } catch (IOException e) {
      throw withoutFile(file, notMade(file, e));
    } catch (RuntimeException | Error e) {
      throw withoutFile(
          file,
          new IndexException(IndexError.UNAVAILABLE, "Chronicle Map cannot work here: " + e, e));
    }
  }

  private static IndexException notMade(Path file, IOException e) {
    String message = String.valueOf(e.getMessage());
    if (message.contains("IllegalAccessError")) {
      return new IndexException(
          IndexError.UNAVAILABLE, "Chronicle Map cannot work here: " + message, e);
    }
    if (message.startsWith("Not enough space") || message.contains("ENOSPC")) {
      return new IndexException(IndexError.NO_SPACE, "making " + file + ": " + message, e);
    }
    return IndexException.of("making " + file, e);
  }

  private static IndexException withoutFile(Path file, IndexException e) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException suppressed) {
      e.addSuppressed(suppressed);
    }
    return e;
  }

  @Override
  public Optional<byte[]> get(String key) throws IndexException {
    return guarded("reading", () -> Optional.ofNullable(map.get(key.getBytes(US_ASCII))));
  }

  @Override
  public Set<String> keys() throws IndexException {
    return guarded(
        "reading",
        () -> {
          Set<String> keys = new HashSet<>();
          for (Map.Entry<byte[], byte[]> entry : map.entrySet()) {
            keys.add(new String(entry.getKey(), US_ASCII));
          }
          return keys;
        });
  }

  @Override
  public void put(String key, byte[] value) throws IndexException {
    guarded(
        "writing",
        () -> {
          byte[] name = key.getBytes(US_ASCII);
          boolean there = map.containsKey(name);
          if (!there && size >= capacity) {
            throw new IndexException(IndexError.FULL, file + " has " + capacity + " entries");
          }
          map.put(name, value);
          size += there ? 0 : 1;
          return null;
        });
  }

  @Override
  public void remove(String key) throws IndexException {
    guarded(
        "writing",
        () -> {
          if (map.remove(key.getBytes(US_ASCII)) != null) {
            size--;
          }
          return null;
        });
  }

  private interface Access<T> {
    T run() throws IndexException;
  }

  private <T> T guarded(String doing, Access<T> access) throws IndexException {
    try {
      return access.run();
    } catch (InterProcessDeadLockException e) {
      throw new IndexException(
          IndexError.LOCKED, doing + " " + file + ": somebody holds its lock", e);
    } catch (ChronicleHashClosedException e) {
      throw new IllegalStateException("closed", e);
    } catch (RuntimeException | Error e) {
      // What a map in disorder leads the library to is anybody's guess.
      throw new IndexException(IndexError.DAMAGED, doing + " " + file + ": " + e, e);
    }
  }

  @Override
  public void close() {
    map.close();
  }
}
