package dev.rekindle.vmm.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.BitSet;
import org.junit.jupiter.api.Test;

class PageRunsTest {
  @Test
  void shouldJoinNeighboursWhenMadeOfSinglePages() {
    BitSet pages = new BitSet();
    pages.set(3, 6);
    pages.set(7);

    PageRuns runs = PageRuns.of(pages);

    assertThat(runs).isEqualTo(PageRuns.of(3, 6, 7, 8));
    assertThat(runs.runs()).isEqualTo(2);
    assertThat(runs.pages()).isEqualTo(4);
    assertThat(runs.bytes()).isEqualTo(4 * 4096);
    assertThat(runs.end()).isEqualTo(8);
    assertThat(PageRuns.of(new BitSet())).isEqualTo(PageRuns.NONE);
  }

  @Test
  void shouldRefuseRunsThatAreEmptyOrTouchOrGoBack() {
    for (long[] wrong : new long[][] {{3, 3}, {3, 5, 5, 7}, {9, 10, 1, 2}, {-1, 2}, {1}}) {
      assertThatIllegalArgumentException().isThrownBy(() -> PageRuns.of(wrong));
    }
  }
}
