package dev.rekindle.snapshotter.template;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RecipeTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @Test
  void shouldReadEveryField() throws Exception {
    String json =
        """
        {"kernel": {"path": "/k/vmlinuz", "modules": "/k/modules"},
         "rootfs": {"tar": "/r.tar"}, "memoryMib": 512, "vcpus": 2,
         "warmup": [["a", "b"], ["c"]], "kernelArgs": "x=1", "bootTimeoutSeconds": 60}
        """;

    Recipe recipe = Recipe.parse(JSON.readTree(json));

    assertThat(recipe)
        .isEqualTo(
            new Recipe(
                new Recipe.KernelFile(Path.of("/k/vmlinuz"), Path.of("/k/modules")),
                new Recipe.Tar(Path.of("/r.tar")),
                512,
                2,
                List.of(List.of("a", "b"), List.of("c")),
                "x=1",
                60));
  }

  @Test
  void shouldTakeDefaultsWhenOnlyRootIsGiven() throws Exception {
    Recipe recipe = Recipe.parse(JSON.readTree("{\"rootfs\": {\"busybox\": true}}"));

    assertThat(recipe.kernel()).isEqualTo(new Recipe.DebianKernel("6.12"));
    assertThat(recipe.memoryMib()).isEqualTo(256);
    assertThat(recipe.warmup()).isEmpty();
  }

  @Test
  void shouldReadWhatItWrote() {
    for (Recipe recipe : List.of(Recipe.base(), Recipe.python())) {
      assertThat(Recipe.parse(recipe.toJson())).isEqualTo(recipe);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "[]",
        "{}",
        "{\"rootfs\": {}}",
        "{\"rootfs\": {\"busybox\": false}}",
        "{\"rootfs\": {\"busybox\": true, \"tar\": \"/x\"}}",
        "{\"rootfs\": {\"busybox\": true, \"color\": 1}}",
        "{\"rootfs\": {\"busybox\": true}, \"memory\": 5}",
        "{\"rootfs\": {\"busybox\": true}, \"memoryMib\": 127}",
        "{\"rootfs\": {\"busybox\": true}, \"memoryMib\": 65537}",
        "{\"rootfs\": {\"busybox\": true}, \"memoryMib\": \"256\"}",
        "{\"rootfs\": {\"busybox\": true}, \"memoryMib\": 1e3}",
        "{\"rootfs\": {\"busybox\": true}, \"vcpus\": 0}",
        "{\"rootfs\": {\"busybox\": true}, \"vcpus\": 33}",
        "{\"rootfs\": {\"busybox\": true}, \"warmup\": [[]]}",
        "{\"rootfs\": {\"busybox\": true}, \"warmup\": [\"ls\"]}",
        "{\"rootfs\": {\"busybox\": true}, \"warmup\": [[1]]}",
        "{\"rootfs\": {\"busybox\": true}, \"kernelArgs\": \"a\\nb\"}",
        "{\"rootfs\": {\"busybox\": true}, \"kernel\": {}}",
        "{\"rootfs\": {\"busybox\": true}, \"kernel\": {\"debian\": \"6.12\", \"path\": \"/k\"}}",
        "{\"rootfs\": {\"busybox\": true}, \"kernel\": {\"debian\": \"../6\"}}",
        "{\"rootfs\": {\"busybox\": true}, \"bootTimeoutSeconds\": 0}",
        "{\"rootfs\": {\"tar\": \"relative.tar\"}}",
        "{\"rootfs\": {\"tar\": \"/a/../b\"}}",
        "{\"rootfs\": {\"directory\": \"/\"}}",
        "{\"rootfs\": {\"packages\": []}}",
        "{\"rootfs\": {\"packages\": [\"-o\"]}}",
        "{\"rootfs\": {\"packages\": [\"a b\"]}}",
      })
  void shouldRefuse(String json) throws Exception {
    assertThatThrownBy(() -> Recipe.parse(JSON.readTree(json)))
        .isInstanceOfSatisfying(
            RecipeException.class, e -> assertThat(e.code()).isEqualTo("template.invalid_recipe"));
  }

  @Test
  void shouldRefuseNameWithoutDefault() {
    assertThatThrownBy(() -> Recipe.named("ruby"))
        .isInstanceOfSatisfying(
            RecipeException.class, e -> assertThat(e.code()).isEqualTo("template.no_default"));
  }
}
