package dev.rekindle.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The corpus, every file of it: seeds, and inputs that once were findings. */
class CorpusTest {
  private static final Path CORPUS = Path.of("corpus");

  /** An input takes well under a millisecond; without end is what this is against. */
  private static final Duration PATIENCE = Duration.ofMinutes(1);

  static List<String> targets() {
    return Targets.ALL.stream().map(FuzzTarget::name).toList();
  }

  @ParameterizedTest
  @MethodSource("targets")
  void shouldTakeEveryInputOfTheCorpus(String name) throws IOException {
    FuzzTarget target = Targets.named(name);
    List<Path> inputs = Corpus.inputs(target, CORPUS);
    assertThat(inputs).isNotEmpty();

    for (Path input : inputs) {
      byte[] bytes = Files.readAllBytes(input);
      Assertions.assertTimeoutPreemptively(
          PATIENCE, () -> JazzerEntry.run(target, bytes), input::toString);
    }
  }

  @Test
  void shouldHaveATargetForEveryFolder() throws IOException {
    try (var folders = Files.list(CORPUS)) {
      Set<String> names = folders.map(p -> p.getFileName().toString()).collect(Collectors.toSet());

      assertThat(names).containsExactlyInAnyOrderElementsOf(targets());
    }
  }

  @ParameterizedTest
  @MethodSource("targets")
  void shouldTakeItsOwnSeedsWhenTheyAreCutShort(String name) throws Exception {
    FuzzTarget target = Targets.named(name);
    for (byte[] seed : target.seeds()) {
      int step = Math.max(1, seed.length / 64);
      for (int length = 0; length <= seed.length; length += step) {
        byte[] bytes = java.util.Arrays.copyOf(seed, length);
        Assertions.assertTimeoutPreemptively(PATIENCE, () -> JazzerEntry.run(target, bytes));
      }
    }
  }
}
