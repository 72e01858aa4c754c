package dev.rekindle.pool;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class UnpackedResourcesTest {
  @TempDir Path state;

  private List<Path> unpacked() throws Exception {
    try (var entries = Files.list(state)) {
      return entries.filter(e -> e.getFileName().toString().startsWith("unpacked-")).toList();
    }
  }

  @Test
  void shouldRemoveWhatAKilledServiceLeftAndNothingElse() throws Exception {
    Path left = state.resolve("unpacked-1234/a/b");
    Files.createDirectories(left);
    Files.createFile(left.resolve("openapi.yaml"));
    Path other = Files.createFile(state.resolve("unpackedness"));

    VertxOptions options = new VertxOptions().setFileSystemOptions(UnpackedResources.below(state));
    Vertx vertx = Vertx.vertx(options);

    assertThat(state.resolve("unpacked-1234")).doesNotExist();
    assertThat(unpacked()).hasSize(1);
    assertThat(other).exists();
    vertx.close().await();
    assertThat(unpacked()).isEmpty();
  }
}
