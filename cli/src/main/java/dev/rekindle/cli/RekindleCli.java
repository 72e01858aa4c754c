package dev.rekindle.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The command {@code rekindle}. */
@Command(
    name = "rekindle",
    description = "Leases sandboxes: microVMs restored from memory snapshots.",
    mixinStandardHelpOptions = true,
    version = "rekindle 0.1.0",
    subcommands = {
      RunCommand.class,
      ServiceCommands.Up.class,
      ServiceCommands.Down.class,
      ServiceCommands.Status.class,
      ServiceCommands.Logs.class,
      DoctorCommand.class,
      TemplateCommand.class,
      PoolCommand.class,
      LeaseCommands.Lease.class,
      LeaseCommands.Exec.class,
      LeaseCommands.Release.class,
      RekindleCli.Test.class,
      RekindleCli.Bench.class,
      CommandLine.HelpCommand.class
    })
public final class RekindleCli {
  private RekindleCli() {}

  /** Documented here, done by the launcher, which builds first. */
  @Command(name = "test", description = "Runs every test, those of Linux guests included.")
  static final class Test {}

  /** Documented here, done by the launcher, which builds first. */
  @Command(name = "bench", description = "Runs a benchmark: restore, boot. Each takes --json.")
  static final class Bench {}

  /**
   * @param args see {@code rekindle --help}
   */
  public static void main(String... args) {
    CommandLine line = new CommandLine(new RekindleCli());
    line.setStopAtPositional(false);
    line.setExecutionExceptionHandler((e, of, _) -> failed(e, runsCommand(of.getCommand())));
    System.exit(line.execute(args));
  }

  private static boolean runsCommand(Object command) {
    return command instanceof RunCommand || command instanceof LeaseCommands.Exec;
  }

  private static int failed(Exception e, boolean runsCommand) throws Exception {
    return ExitCodes.ofFailure(failed(e), runsCommand);
  }

  private static int failed(Exception e) throws Exception {
    Exception cause = e instanceof UncheckedIOException u ? u.getCause() : e;
    return switch (cause) {
      case CliException c -> say(c.exitCode(), c.getMessage());
      case ConnectException _ ->
          say(ExitCodes.NOT_UP, "the service is not up; start it with: rekindle up");
      case IOException io -> say(ExitCodes.FAILED, String.valueOf(io.getMessage()));
      default -> throw e;
    };
  }

  private static int say(int code, String message) {
    System.err.println("rekindle: " + message);
    return code;
  }
}
