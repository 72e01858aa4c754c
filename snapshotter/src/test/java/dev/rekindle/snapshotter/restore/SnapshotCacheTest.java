package dev.rekindle.snapshotter.restore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rekindle.snapshotter.format.SnapshotError;
import dev.rekindle.snapshotter.format.SnapshotException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(10)
class SnapshotCacheTest {
  @TempDir Path directory;
  private final AtomicInteger loads = new AtomicInteger();
  private final AtomicInteger open = new AtomicInteger();

  private final class Loaded implements AutoCloseable {
    Loaded() {
      loads.incrementAndGet();
      open.incrementAndGet();
    }

    @Override
    public void close() {
      open.decrementAndGet();
    }
  }

  @Test
  void shouldLoadOnce() throws Exception {
    try (SnapshotCache<Loaded> cache = cache(2)) {
      SnapshotCache<Loaded>.Use first = cache.use(directory);
      SnapshotCache<Loaded>.Use second = cache.use(directory);

      assertThat(first.value()).isSameAs(second.value());
      assertThat(first.loadedNow()).isTrue();
      assertThat(second.loadedNow()).isFalse();
      first.close();
      second.close();
      assertThat(open).hasValue(1);
    }
    assertThat(open).hasValue(0);
  }

  @Test
  void shouldLoadOnceWhenManyAskAtOnce() throws Exception {
    try (SnapshotCache<Loaded> cache = cache(2);
        var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Callable<Loaded>> tasks = new ArrayList<>();
      for (int i = 0; i < 100; i++) {
        tasks.add(() -> {
          try (SnapshotCache<Loaded>.Use use = cache.use(directory)) {
            return use.value();
          }
        });
      }

      for (var result : threads.invokeAll(tasks)) {
        result.get();
      }

      assertThat(loads).hasValue(1);
    }
  }

  @Test
  void shouldNotCloseWhatIsInUse() throws Exception {
    try (SnapshotCache<Loaded> cache = cache(1)) {
      SnapshotCache<Loaded>.Use used = cache.use(Files.createDirectory(directory.resolve("a")));

      cache.use(Files.createDirectory(directory.resolve("b"))).close();

      assertThat(open).hasValue(2);
      used.close();
      used.close();
      assertThat(open).hasValue(1);
    }
    assertThat(open).hasValue(0);
  }

  @Test
  void shouldLetGoOfSnapshotsThatWereDeleted() throws Exception {
    try (SnapshotCache<Loaded> cache = cache(10)) {
      Path deleted = Files.createDirectory(directory.resolve("a"));
      cache.use(deleted).close();
      Files.delete(deleted);

      cache.use(Files.createDirectory(directory.resolve("b"))).close();

      assertThat(open).hasValue(1);
    }
  }

  @Test
  void shouldTryAgainAfterARefusal() throws Exception {
    SnapshotException refusal = new SnapshotException(SnapshotError.TRUNCATED, "cut");
    AtomicInteger calls = new AtomicInteger();
    try (SnapshotCache<Loaded> cache =
        new SnapshotCache<>(
            _ -> {
              if (calls.getAndIncrement() == 0) {
                throw refusal;
              }
              return new Loaded();
            },
            2)) {
      assertThatThrownBy(() -> cache.use(directory))
          .isInstanceOfSatisfying(
              SnapshotException.class,
              e -> assertThat(e.error()).isEqualTo(SnapshotError.TRUNCATED));

      assertThat(cache.use(directory).value()).isNotNull();
    }
  }

  private SnapshotCache<Loaded> cache(int capacity) {
    return new SnapshotCache<>(_ -> new Loaded(), capacity);
  }
}
