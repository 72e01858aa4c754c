package dev.rekindle.snapshotter.template;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.rekindle.snapshotter.capture.SnapshotFixture;
import dev.rekindle.snapshotter.format.SnapshotError;
import dev.rekindle.snapshotter.format.SnapshotException;
import dev.rekindle.snapshotter.restore.SnapshotReader;
import dev.rekindle.vmm.abi.linux.Errno;
import dev.rekindle.vmm.sys.ErrnoException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * Writes a snapshot, opens one and publishes a template where system calls fail, and says how each
 * ended and what it left behind; a process of its own. Prints a line {@code <step> <outcome>} each.
 */
final class FaultMain {
  private static final int MAX_SPARE = 8;

  private final Path state;
  private final TemplateStore store;

  private FaultMain(Path state) {
    this.state = state;
    this.store = new TemplateStore(state);
  }

  /**
   * @param args the state directory, with a snapshot {@code there}; {@code descriptors} to run out
   *     of them
   */
  public static void main(String[] args) throws Exception {
    FaultMain main = new FaultMain(Path.of(args[0]));
    if (args.length == 1) {
      main.steps("");
    } else {
      main.runOutOfDescriptors();
    }
  }

  /** With none left, with one, and so on; what is needed is loaded before. */
  private void runOutOfDescriptors() throws Exception {
    for (Class<?> needed : List.of(Errno.class, SnapshotError.class, ErrnoException.class)) {
      Class.forName(needed.getName());
    }
    steps("first ");
    steps("second ");
    Deque<AutoCloseable> taken = new ArrayDeque<>();
    for (int spare = 0; spare <= MAX_SPARE; spare++) {
      takeAll(taken);
      for (int i = 0; i < spare; i++) {
        taken.pop().close();
      }
      List<String> outcomes = new ArrayList<>(List.of(capture(), restore(), publish()));
      while (!taken.isEmpty()) {
        taken.pop().close();
      }
      print(spare + " spare ", outcomes);
    }
  }

  private static void takeAll(Deque<AutoCloseable> taken) {
    try {
      while (true) {
        taken.push(Files.newInputStream(Path.of("/dev/null")));
      }
    } catch (IOException noMore) {
      return;
    }
  }

  private void steps(String prefix) throws Exception {
    print(prefix, List.of(capture(), restore(), publish()));
  }

  private void print(String prefix, List<String> outcomes) throws Exception {
    outcomes.forEach(outcome -> System.out.println(prefix + outcome));
    System.out.println(prefix + "left " + left());
    if (Files.exists(store.snapshotDir("new"))) {
      store.removeSnapshot("new");
    }
  }

  private String capture() {
    try {
      SnapshotFixture.write(store.snapshotsDir(), "new");
      return "capture ok";
    } catch (SnapshotException e) {
      return "capture " + e.code();
    } catch (RuntimeException | Error e) {
      return "capture UNTYPED " + e;
    }
  }

  private String restore() {
    try {
      SnapshotReader.open(store.snapshotDir("there")).memoryFile().close();
      return "restore ok";
    } catch (SnapshotException e) {
      return "restore " + e.code();
    } catch (RuntimeException | Error e) {
      return "restore UNTYPED " + e;
    }
  }

  private String publish() {
    try {
      store.publish("base", JsonNodeFactory.instance.objectNode(), "there");
      return "publish ok";
    } catch (IOException e) {
      return "publish io";
    } catch (RuntimeException | Error e) {
      return "publish UNTYPED " + e;
    }
  }

  /** Descriptors and mappings of files of the state, and files that nobody would find. */
  private List<String> left() throws IOException {
    List<String> left = new ArrayList<>();
    try (var descriptors = Files.list(Path.of("/proc/self/fd"))) {
      for (Path descriptor : descriptors.toList()) {
        if (Files.exists(descriptor) && Files.readSymbolicLink(descriptor).startsWith(state)) {
          left.add("descriptor of " + Files.readSymbolicLink(descriptor));
        }
      }
    }
    Files.readAllLines(Path.of("/proc/self/maps")).stream()
        .filter(line -> line.contains(state.toString()))
        .forEach(line -> left.add("mapping " + line));
    for (Path folder : List.of(store.snapshotsDir(), state.resolve("templates"))) {
      if (Files.isDirectory(folder)) {
        try (var files = Files.list(folder)) {
          files
              .map(file -> file.getFileName().toString())
              .filter(name -> name.startsWith(".") && !name.equals(".lock"))
              .forEach(name -> left.add("file " + name));
        }
      }
    }
    return left;
  }
}
