package dev.rekindle.pool.process;

import dev.rekindle.pool.journal.BootClock;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A process that was started, kept in a file {@code NAME.process} until nothing of it is left. A
 * process id is used again by the kernel; together with the time the process was started and the
 * boot of the machine it is not. Blocks.
 *
 * @param name of what it is for, good as a file's name
 * @param pid as this machine's kernel numbers it
 * @param startTicks when it was started, in clock ticks since the boot: {@code starttime} of {@code
 *     /proc/PID/stat}
 * @param bootId of the boot it was started in
 */
public record ProcessRecord(String name, long pid, long startTicks, UUID bootId) {
  private static final Logger LOG = LoggerFactory.getLogger(ProcessRecord.class);
  private static final String SUFFIX = ".process";

  /** Counted from the state, the first field behind the program's name. */
  private static final int START_FIELD = 19;

  /**
   * Notes a process.
   *
   * @param directory where
   * @param name of what it is for
   * @param pid of a process that runs and was started by this one
   * @return the record, which is on disk
   * @throws IOException if it cannot be written, or the process is gone
   */
  public static ProcessRecord write(Path directory, String name, long pid) throws IOException {
    ProcessRecord record = new ProcessRecord(name, pid, startTicks(pid), BootClock.bootId());
    Path unfinished = directory.resolve(name + ".tmp");
    try {
      Files.writeString(
          unfinished, record.pid + " " + record.startTicks + " " + record.bootId + "\n");
      Files.move(unfinished, file(directory, name), StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      Files.deleteIfExists(unfinished);
      throw e;
    }
    return record;
  }

  private static long startTicks(long pid) throws IOException {
    String stat = Files.readString(Path.of("/proc", Long.toString(pid), "stat"));
    // The program's name may have blanks and brackets in it.
    String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
    return Long.parseLong(fields[START_FIELD]);
  }

  private static Path file(Path directory, String name) {
    return directory.resolve(name + SUFFIX);
  }

  /**
   * All that were noted and not forgotten; files that are no record are left out.
   *
   * @param directory where
   * @return in no particular order
   * @throws IOException if the folder cannot be read
   */
  public static List<ProcessRecord> readAll(Path directory) throws IOException {
    List<ProcessRecord> records = new ArrayList<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, "*" + SUFFIX)) {
      for (Path file : files) {
        String name = file.getFileName().toString();
        try {
          String[] fields = Files.readString(file).strip().split(" ");
          records.add(
              new ProcessRecord(
                  name.substring(0, name.length() - SUFFIX.length()),
                  Long.parseLong(fields[0]),
                  Long.parseLong(fields[1]),
                  UUID.fromString(fields[2])));
        } catch (IOException | IllegalArgumentException | IndexOutOfBoundsException e) {
          LOG.error("{} tells of no process: {}", file, e.toString());
        }
      }
    }
    return records;
  }

  /**
   * The process, if it still runs and is no other of the same number.
   *
   * @return the process
   */
  public Optional<ProcessHandle> find() {
    try {
      return BootClock.bootId().equals(bootId) && startTicks(pid) == startTicks
          ? ProcessHandle.of(pid)
          : Optional.empty();
    } catch (IOException gone) {
      return Optional.empty();
    }
  }

  /**
   * Forgets a process.
   *
   * @param directory where it was noted
   * @param name of what it was for
   * @throws IOException if it cannot be
   */
  public static void delete(Path directory, String name) throws IOException {
    Files.deleteIfExists(file(directory, name));
  }
}
