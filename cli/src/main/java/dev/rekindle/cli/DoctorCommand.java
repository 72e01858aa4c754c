package dev.rekindle.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.rekindle.cli.doctor.CloneComparison;
import dev.rekindle.cli.doctor.Examination;
import dev.rekindle.cli.doctor.HostFiles;
import dev.rekindle.cli.doctor.KvmFacts;
import java.io.IOException;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code rekindle doctor}: what this machine has, what is missing, and the fix. */
@Command(
    name = "doctor",
    mixinStandardHelpOptions = true,
    description = {
      "Checks this machine, or with --clones that sandboxes of one snapshot differ as machines do.",
      "Exit code 1 if a check fails; a warning is none."
    })
final class DoctorCommand implements Callable<Integer> {
  private static final int MAX_CLONES = 64;

  @Option(names = "--json", description = "print the checks as JSON, one object a line")
  private boolean json;

  @Option(
      names = "--clones",
      description = "lease sandboxes of a template and compare them; starts the service if need be")
  private boolean clones;

  @Option(
      names = "--template",
      defaultValue = "python",
      description = "with --clones; default: ${DEFAULT-VALUE}")
  private String template;

  @Option(
      names = {"-n", "--count"},
      defaultValue = "4",
      description = "with --clones: how many sandboxes, 2 to 64; default: ${DEFAULT-VALUE}")
  private int count;

  @Option(
      names = "--max-skew",
      defaultValue = "500",
      description =
          "with --clones: milliseconds a guest's clock may be off; default: ${DEFAULT-VALUE}")
  private long maxSkewMillis;

  @Override
  public Integer call() throws IOException {
    Commands commands = new Commands();
    return clones ? compare(commands) : examine(commands);
  }

  private int examine(Commands commands) throws IOException {
    JsonNode probe = commands.service.probe();
    KvmFacts kvm =
        new KvmFacts(
            probe.path("usable").asBoolean(),
            probe.path("runsLinux").asBoolean(),
            probe.path("instructionsPerSecond").asLong(),
            probe.path("problem").asText());
    boolean root = "root".equals(System.getProperty("user.name"));
    Settings settings = commands.settings;
    Examination examination =
        new Examination(HostFiles.here(), kvm, root, settings.home(), settings.state());
    return FindingTable.print(examination.findings(), json, commands.console);
  }

  private int compare(Commands commands) throws IOException {
    if (count < 2 || count > MAX_CLONES) {
      throw new CliException(
          ExitCodes.USAGE, "--count must be in [2, " + MAX_CLONES + "], got " + count);
    }
    if (maxSkewMillis < 0) {
      throw new CliException(ExitCodes.USAGE, "--max-skew must not be negative");
    }
    commands.service.up(Service.LabMode.auto);
    if (!commands.hasTemplate(template)) {
      commands.build(template, null);
    }
    CloneSurvey survey = new CloneSurvey(commands.client(), template);
    CloneComparison comparison =
        new CloneComparison(survey.take(count), TimeUnit.MILLISECONDS.toNanos(maxSkewMillis));
    return FindingTable.print(comparison.findings(), json, commands.console);
  }
}
