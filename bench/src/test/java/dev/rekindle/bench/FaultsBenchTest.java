package dev.rekindle.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class FaultsBenchTest {
  @Test
  void shouldPutMediansAndTheRatioIntoOneObject() {
    List<FirstRequestRun> demand = List.of(new FirstRequestRun(40_000, 100, 900, 3, 8 << 20));
    List<FirstRequestRun> own =
        List.of(
            new FirstRequestRun(30_000, 2_000, 90, 0, 9 << 20),
            new FirstRequestRun(10_000, 1_000, 70, 0, 9 << 20),
            new FirstRequestRun(20_000, 3_000, 80, 1, 9 << 20));

    Map<String, Object> line = FaultsBench.line("prefetch-guest", "base", own, demand);

    assertThat(line)
        .containsEntry("way", "prefetch-guest")
        .containsEntry("runs", 3)
        .containsEntry("p50Millis", 20.0)
        .containsEntry("leastMillis", 10.0)
        .containsEntry("ratioToDemand", 0.5)
        .containsEntry("restoreMillis", 2.0)
        .containsEntry("minorFaults", 80L)
        .containsEntry("majorFaults", 0L)
        .containsEntry("ownMib", 9.0);
    assertThat(FaultsBench.text(line))
        .startsWith("prefetch-guest ")
        .contains("ratio 0.50")
        .contains("80 minor   0 major");
  }
}
