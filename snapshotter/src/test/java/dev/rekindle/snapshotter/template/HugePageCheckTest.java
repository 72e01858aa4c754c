package dev.rekindle.snapshotter.template;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import org.junit.jupiter.api.Test;

class HugePageCheckTest {
  private static Recipe recipe(String hugePages) throws Exception {
    return Recipe.parse(
        new ObjectMapper()
            .readTree(
                "{\"rootfs\":{\"busybox\":true},\"memoryMib\":129,\"hugePages\":\""
                    + hugePages
                    + "\"}"));
  }

  @Test
  void shouldAcceptWhatTheHostHas() throws Exception {
    for (String pages : new String[] {"none", "transparent", "hugetlbfs"}) {
      Recipe recipe = recipe(pages);
      assertThatCode(() -> HugePageCheck.require(recipe, true, 65)).doesNotThrowAnyException();
    }
    assertThatCode(() -> HugePageCheck.require(recipe("none"), false, 0))
        .doesNotThrowAnyException();
  }

  @Test
  void shouldRefuseWhatTheHostHasNot() throws Exception {
    assertRefused(recipe("transparent"), false, 65, "transparent_hugepage/enabled");
    assertRefused(recipe("hugetlbfs"), true, 64, "needs 65 reserved pages");
  }

  private static void assertRefused(Recipe recipe, boolean thp, long reserved, String message) {
    assertThatThrownBy(() -> HugePageCheck.require(recipe, thp, reserved))
        .isInstanceOfSatisfying(
            BuildException.class, e -> assertThat(e.code()).isEqualTo("template.no_huge_pages"))
        .hasMessageContaining(message);
  }
}
