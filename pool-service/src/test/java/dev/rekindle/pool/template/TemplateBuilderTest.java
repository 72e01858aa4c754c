package dev.rekindle.pool.template;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.rekindle.pool.error.ServiceException;
import dev.rekindle.snapshotter.index.IndexKeeper;
import dev.rekindle.snapshotter.index.IndexKeys;
import dev.rekindle.snapshotter.template.Template;
import dev.rekindle.snapshotter.template.TemplateStore;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class TemplateBuilderTest {
  /** Leaves what a real one has in the making, and dies. The state directory is its {@code $2}. */
  private static final List<String> KILLED =
      List.of(
          "sh",
          "-c",
          "cat > /dev/null; mkdir -p \"$2/images/.tmp-1/agent\" \"$2/snapshots/.unfinished-half\";"
              + " touch \"$2/images/.tmp-1/agent/main.c\" \"$2/images/whole\"; kill -9 $$",
          "sh");

  @TempDir Path state;
  private final Vertx vertx = Vertx.vertx();

  @AfterEach
  void close() {
    vertx.close().await();
  }

  private Future<Template> build(TemplateBuilder builder, String name) {
    Promise<Template> promise = Promise.promise();
    vertx.runOnContext(_ ->
        builder.build(name, JsonNodeFactory.instance.objectNode(), _ -> {}).onComplete(promise));
    return promise.future();
  }

  private TemplateBuilder builder() throws Exception {
    TemplateStore store = new TemplateStore(state);
    IndexKeeper index =
        new IndexKeeper(state, IndexKeys.open(state), TemplateCatalog.entries(store));
    return new TemplateBuilder(vertx, KILLED, state, new TemplateCatalog(vertx, store, index));
  }

  @Test
  void shouldKeepNothingHalfMadeOfABuilderThatWasKilled() throws Exception {
    TemplateBuilder builder = builder();

    assertThatThrownBy(() -> build(builder, "x").await(30, TimeUnit.SECONDS))
        .isInstanceOf(ServiceException.class)
        .hasMessageContaining("without a result");

    assertThat(state.resolve("images/.tmp-1")).doesNotExist();
    assertThat(state.resolve("snapshots/.unfinished-half")).doesNotExist();
    assertThat(state.resolve("images/whole")).exists();
  }

  @Test
  void shouldKeepNothingHalfMadeOfAServiceThatWasKilled() throws Exception {
    Files.createDirectories(state.resolve("images/.tmp-7/out"));

    builder();

    assertThat(state.resolve("images/.tmp-7")).doesNotExist();
  }
}
