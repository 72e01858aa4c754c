package dev.rekindle.bench;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/**
 * The JMH benchmarks of {@code micro}. Arguments: {@code --json}, {@code --only REGEX}, {@code
 * --iterations N} (5, of a second each, in each of two JVMs).
 */
public final class MicroBench {
  private MicroBench() {}

  /**
   * @param args see the class
   * @throws RunnerException if one of them fails
   */
  public static void main(String... args) throws RunnerException {
    BenchArguments arguments =
        new BenchArguments(Set.of("--json"), Set.of("--only", "--iterations"), List.of(args));
    int iterations = arguments.number("--iterations", 5);
    Report report = new Report(arguments.flag("--json"));
    report.begin(MachineFacts.here(), "mean time of one operation, with its 99.9 % confidence");
    Options options =
        new OptionsBuilder()
            .include("dev\\.rekindle\\.bench\\.micro\\..*" + arguments.text("--only").orElse(""))
            .forks(2)
            .warmupIterations(3)
            .warmupTime(TimeValue.seconds(1))
            .measurementIterations(iterations)
            .measurementTime(TimeValue.seconds(1))
            .jvmArgsAppend(
                "--enable-native-access=ALL-UNNAMED",
                "-XX:+UseSerialGC",
                "--sun-misc-unsafe-memory-access=allow")
            .verbosity(VerboseMode.SILENT)
            .shouldFailOnError(true)
            .build();
    for (RunResult result : new Runner(options).run()) {
      print(report, result);
    }
  }

  private static void print(Report report, RunResult result) {
    String full = result.getParams().getBenchmark();
    StringBuilder name =
        new StringBuilder(full.substring(full.lastIndexOf('.', full.lastIndexOf('.') - 1) + 1));
    for (String key : result.getParams().getParamsKeys()) {
      name.append(' ').append(key).append('=').append(result.getParams().getParam(key));
    }
    Result<?> primary = result.getPrimaryResult();
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("bench", "micro");
    line.put("of", name.toString());
    line.put("nanos", Report.round(primary.getScore()));
    line.put("errorNanos", Report.round(primary.getScoreError()));
    report.print(
        line,
        () ->
            String.format(
                Locale.ROOT,
                "%-44s %10.1f ± %8.1f ns",
                name,
                primary.getScore(),
                primary.getScoreError()));
  }
}
