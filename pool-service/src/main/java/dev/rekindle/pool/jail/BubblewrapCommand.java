package dev.rekindle.pool.jail;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Writes the command line of {@code bwrap(1)}. Every folder on the way to something that is shown
 * is made by name, since those made silently are closed to all but root. Not {@code
 * --die-with-parent}: a host process outlives a service that died, for its successor.
 */
final class BubblewrapCommand {
  private final List<String> words = new ArrayList<>();
  private final Set<Path> made = new HashSet<>(Set.of(Path.of("/")));

  BubblewrapCommand(Path bwrap) {
    words.add(bwrap.toString());
    add("--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts");
    add("--unshare-cgroup-try", "--hostname", "rekindle");
    // Without it a reaper would be process 1, and killing the host process would leave that.
    add("--new-session", "--as-pid-1");
    add("--clearenv", "--setenv", "LC_ALL", "C.UTF-8");
    add("--proc", "/proc", "--tmpfs", "/dev");
    made.add(Path.of("/dev"));
  }

  /** Another user where the service is not root: inside of a user namespace. */
  BubblewrapCommand user(int uid) {
    String id = Integer.toString(uid);
    add("--unshare-user", "--disable-userns", "--uid", id, "--gid", id);
    return this;
  }

  BubblewrapCommand device(Path source, String name) {
    return bind("--dev-bind", source, Path.of("/dev", name));
  }

  BubblewrapCommand readable(Path source, Path path) {
    return bind("--ro-bind", source, path);
  }

  BubblewrapCommand writable(Path path) {
    return bind("--bind", path, path);
  }

  private BubblewrapCommand bind(String how, Path source, Path target) {
    make(target.getParent());
    made.add(target);
    add(how, source.toString(), target.toString());
    return this;
  }

  private void make(Path folder) {
    if (made.add(folder)) {
      make(folder.getParent());
      add("--dir", folder.toString());
    }
  }

  /** The whole command line; the root is read-only from then on. */
  List<String> run(List<String> program) {
    add("--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/", "--");
    words.addAll(program);
    return List.copyOf(words);
  }

  private void add(String... more) {
    words.addAll(List.of(more));
  }
}
