package dev.rekindle.snapshotter.template;

import dev.rekindle.snapshotter.ProcessLogging;
import java.nio.file.Path;

/**
 * Builds a {@link BareTemplate}: {@code --state DIR [--name NAME] [--memory-mib N]}, by default
 * {@code bare} of 128 MiB. For tests and benchmarks only. Prints the snapshot's directory. Exit
 * code 0, 1 where the build failed, 2 for wrong arguments. Needs {@code
 * --enable-native-access=ALL-UNNAMED}.
 */
public final class BareTemplateMain {
  static {
    ProcessLogging.configure();
  }

  private BareTemplateMain() {}

  /**
   * @param args see above
   */
  public static void main(String... args) {
    System.exit(run(args));
  }

  private static int run(String... args) {
    Path state = null;
    String name = "bare";
    int memoryMib = 128;
    try {
      for (int i = 0; i < args.length; i += 2) {
        String value = i + 1 < args.length ? args[i + 1] : "";
        switch (args[i]) {
          case "--state" -> state = Path.of(value).toAbsolutePath();
          case "--name" -> name = value;
          case "--memory-mib" -> memoryMib = Integer.parseInt(value);
          default -> throw new IllegalArgumentException("unknown argument " + args[i]);
        }
      }
      if (state == null) {
        throw new IllegalArgumentException("--state is missing");
      }
      TemplateBuild.Result built = BareTemplate.build(state, name, memoryMib, (_, _, _) -> {});
      System.out.println(new TemplateStore(state).snapshotDir(built.template().snapshotId()));
      return 0;
    } catch (IllegalArgumentException e) {
      System.err.println(e.getMessage());
      System.err.println("usage: BareTemplateMain --state DIR [--name NAME] [--memory-mib N]");
      return 2;
    } catch (BuildException e) {
      System.err.println(e.code() + ": " + e.getMessage());
      if (e.consoleTail() != null) {
        System.err.println(e.consoleTail());
      }
      return 1;
    }
  }
}
