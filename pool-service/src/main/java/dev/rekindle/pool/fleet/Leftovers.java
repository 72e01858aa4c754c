package dev.rekindle.pool.fleet;

import dev.rekindle.pool.process.ProcessRecord;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What an earlier service has left in the run folder: processes that run, and files of those that
 * do not. Blocks.
 */
final class Leftovers {
  private static final Logger LOG = LoggerFactory.getLogger(Leftovers.class);
  private static final Pattern NAME = Pattern.compile("host-(\\d{1,4})-([0-9a-f]{16})");

  private Leftovers() {}

  /**
   * A host process that runs.
   *
   * @param slot it had
   * @param socket where it listens
   * @param record of it
   * @param process it
   */
  record Left(int slot, Path socket, ProcessRecord record, ProcessHandle process) {
    KnownHost known() {
      return new KnownHost(
          slot, process.pid(), process.info().startInstant().orElse(null), socket.toString());
    }
  }

  /** Where a process listens that is started now: in a folder that is all it can write to. */
  static Path socket(Path run, int slot, long random) {
    return run.resolve("host-" + slot).resolve("%016x.sock".formatted(random));
  }

  /**
   * Host processes that run and have a socket. All others that were noted are killed, and
   * everything else in the folder is removed.
   */
  static List<Left> find(Path run) throws IOException {
    Files.createDirectories(
        run, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    List<Left> found = new ArrayList<>();
    Set<Path> kept = new HashSet<>(Set.of(run));
    for (ProcessRecord record : ProcessRecord.readAll(run)) {
      Optional<ProcessHandle> process = record.find();
      Matcher host = NAME.matcher(record.name());
      Path socket =
          host.matches() ? run.resolve("host-" + host.group(1), host.group(2) + ".sock") : null;
      if (process.isPresent() && socket != null && Files.exists(socket)) {
        found.add(new Left(Integer.parseInt(host.group(1)), socket, record, process.get()));
        kept.addAll(List.of(socket.getParent(), run.resolve(record.name() + ".process")));
      } else {
        process.ifPresent(orphan -> kill(record, orphan));
      }
    }
    try (Stream<Path> all = Files.walk(run)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        boolean inside = !path.getParent().equals(run) && kept.contains(path.getParent());
        if (!inside && !kept.contains(path)) {
          Files.deleteIfExists(path);
        }
      }
    }
    return found;
  }

  static void kill(ProcessRecord record, ProcessHandle orphan) {
    LOG.warn(
        "{} (pid {}) was left by an earlier service and is killed", record.name(), record.pid());
    orphan.descendants().forEach(ProcessHandle::destroyForcibly);
    orphan.destroyForcibly();
  }
}
