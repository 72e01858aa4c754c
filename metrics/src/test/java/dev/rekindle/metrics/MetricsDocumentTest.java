package dev.rekindle.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.lang.reflect.Field;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is scraped, what is named and what is documented are the same. */
class MetricsDocumentTest {
  private static final Pattern SAMPLE = Pattern.compile("(rekindle_\\w+)(?:\\{(.*)})? .*");
  private static final Pattern QUERIED = Pattern.compile("rekindle_\\w+");

  /** {@code by (a, b)} and <code>{a="..."}</code>. */
  private static final Pattern QUERIED_LABELS =
      Pattern.compile("by \\(([^)]*)\\)|\\{(\\w+)(?:=|!=)");

  private static final Pattern LABEL = Pattern.compile("(\\w+)=\"[^\"]*\"");

  private final Map<String, String> help = new TreeMap<>();
  private final Map<String, String> types = new TreeMap<>();
  private final Map<String, TreeSet<String>> labels = new TreeMap<>();

  /** Everything happens once, so that everything is there. */
  @BeforeEach
  void scrape() {
    ServiceMetrics metrics = new ServiceMetrics();
    metrics.leased("base", "shell", Map.of("total", 5L));
    metrics.ended("base", "released");
    metrics.refused("pool.exhausted");
    metrics.hostStarted();
    metrics.executed(5);
    metrics.ready(1, 1);
    metrics.scrape().lines().forEach(this::read);
  }

  private void read(String line) {
    String[] words = line.split(" ", 4);
    if (line.startsWith("# HELP rekindle_")) {
      help.put(words[2], words[3]);
    } else if (line.startsWith("# TYPE rekindle_")) {
      types.put(words[2], words[3]);
    }
    Matcher sample = SAMPLE.matcher(line);
    if (sample.matches()) {
      String family = family(sample.group(1));
      TreeSet<String> names = labels.computeIfAbsent(family, _ -> new TreeSet<>());
      LABEL
          .matcher(sample.group(2) == null ? "" : sample.group(2))
          .results()
          .map(label -> label.group(1))
          .filter(label -> !label.equals("le"))
          .forEach(names::add);
    }
  }

  /** A histogram's parts belong to it. */
  private String family(String sample) {
    String base = sample.replaceAll("_(bucket|sum|count)$", "");
    return types.containsKey(base) ? base : sample;
  }

  @Test
  void shouldBeDocumentedRowByRow() throws IOException {
    List<String> rows =
        types.keySet().stream()
            .map(name ->
                "| %s | %s | %s | %s |"
                    .formatted(
                        name, types.get(name), String.join(", ", labels.get(name)), help.get(name)))
            .toList();

    assertThat(Files.readAllLines(Path.of("../docs/metrics.md")))
        .filteredOn(line -> line.startsWith("| rekindle_"))
        .containsExactlyElementsOf(rows);
  }

  @Test
  void shouldScrapeEveryNameThereIs() {
    List<String> names = constants().filter(name -> name.startsWith("rekindle.")).toList();

    assertThat(names).isNotEmpty();
    for (String name : names) {
      assertThat(types.keySet())
          .as(name)
          .anyMatch(family -> family.startsWith(name.replace('.', '_')));
    }
  }

  @Test
  void shouldUseEveryLabelThereIsAndNoOther() {
    List<String> named = constants().filter(name -> !name.startsWith("rekindle.")).toList();

    assertThat(labels.values().stream().flatMap(TreeSet::stream).distinct())
        .containsExactlyInAnyOrderElementsOf(named);
  }

  private static java.util.stream.Stream<String> constants() {
    return Arrays.stream(MetricNames.class.getFields()).map(MetricsDocumentTest::value);
  }

  private static String value(Field field) {
    try {
      return (String) field.get(null);
    } catch (IllegalAccessException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void shouldHaveWhatTheDashboardsAskFor() throws IOException {
    List<String> queries = new ArrayList<>();
    try (var files = Files.list(Path.of("../grafana/dashboards"))) {
      for (Path file : files.toList()) {
        new ObjectMapper()
            .readTree(Files.readAllBytes(file))
            .findValuesAsText("expr")
            .forEach(queries::add);
      }
    }

    assertThat(queries).hasSizeGreaterThan(5);
    for (String query : queries) {
      Set<String> known = new TreeSet<>(Set.of("le"));
      for (MatchResult name : QUERIED.matcher(query).results().toList()) {
        String family = family(name.group());
        assertThat(types).as(query).containsKey(family);
        known.addAll(labels.get(family));
      }
      for (MatchResult used : QUERIED_LABELS.matcher(query).results().toList()) {
        String list = used.group(1) == null ? used.group(2) : used.group(1);
        assertThat(known).as(query).containsAll(List.of(list.split(", ")));
      }
    }
  }
}
