package dev.rekindle.snapshotter.restore;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(10)
class ShellPoolTest {
  private final AtomicInteger open = new AtomicInteger();
  private final Semaphore refusals = new Semaphore(0);

  private final class FakeShell implements AutoCloseable {
    private final String shape;

    FakeShell(String shape) {
      this.shape = shape;
      open.incrementAndGet();
    }

    @Override
    public void close() {
      open.decrementAndGet();
    }
  }

  private FakeShell build(String shape) {
    if (refusals.tryAcquire()) {
      throw new IllegalStateException("no room (the test wants it)");
    }
    return new FakeShell(shape);
  }

  @Test
  void shouldLearnAShapeFromTheFirstRequestAndKeepItInStock() throws Exception {
    try (ShellPool<String, FakeShell> pool = new ShellPool<>(this::build, 3, 8)) {
      assertThat(pool.take("a", "t")).isNull();

      await(() -> pool.size() == 3);

      FakeShell shell = pool.take("a", "t");
      assertThat(shell.shape).isEqualTo("a");
      await(() -> pool.size() == 3);
      shell.close();
    }
    assertThat(open).hasValue(0);
  }

  @Test
  void shouldTakeRoomFromTheShapeUsedLongestAgo() throws Exception {
    try (ShellPool<String, FakeShell> pool = new ShellPool<>(this::build, 2, 4)) {
      for (String shape : List.of("a", "b", "c")) {
        pool.take(shape, "t");
        await(() -> pool.size() >= 2);
        Thread.sleep(20);
      }

      await(() -> pool.size() == 4);

      assertThat(pool.take("c", "t")).isNotNull().satisfies(FakeShell::close);
      assertThat(pool.take("b", "t")).isNotNull().satisfies(FakeShell::close);
      assertThat(pool.take("a", "t")).isNull();
    }
    assertThat(open).hasValue(0);
  }

  @Test
  void shouldStopAfterAFailureUntilAskedAgain() throws Exception {
    refusals.release();
    try (ShellPool<String, FakeShell> pool = new ShellPool<>(this::build, 1, 4)) {
      pool.take("a", "t");
      await(() -> refusals.availablePermits() == 0);
      await(ShellPoolTest::refillerWaits);
      assertThat(pool.size()).isZero();

      assertThat(pool.take("a", "t")).isNull();

      await(() -> pool.size() == 1);
    }
  }

  private static boolean refillerWaits() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().equals("shell-refill"))
        .allMatch(thread -> thread.getState() == Thread.State.WAITING);
  }

  @Test
  void shouldGiveAUsedShellToItsTenantAloneAndFirst() {
    try (ShellPool<String, FakeShell> pool = new ShellPool<>(this::build, 0, 4)) {
      FakeShell used = new FakeShell("a");
      FakeShell anybodys = new FakeShell("a");

      assertThat(pool.giveBack("a", null, anybodys)).isTrue();
      assertThat(pool.giveBack("a", "t1", used)).isTrue();

      assertThat(pool.take("a", "t2")).isSameAs(anybodys).satisfies(FakeShell::close);
      assertThat(pool.take("a", "t2")).isNull();
      assertThat(pool.take("a", null)).isNull();
      assertThat(pool.take("a", "t1")).isSameAs(used).satisfies(FakeShell::close);
    }
    assertThat(open).hasValue(0);
  }

  @Test
  void shouldSayWhoseAShellIsWhenAnyWillDo() {
    try (ShellPool<String, FakeShell> pool = new ShellPool<>(this::build, 0, 4)) {
      pool.giveBack("a", null, new FakeShell("a"));
      pool.giveBack("a", "t1", new FakeShell("a"));

      assertThat(pool.takeAny("a"))
          .satisfies(s -> assertThat(s.tenant()).isEqualTo("t1"))
          .satisfies(s -> s.shell().close());
      assertThat(pool.takeAny("b")).isNull();
    }
    assertThat(open).hasValue(0);
  }

  @Test
  void shouldRefuseAUsedShellWhenFullOrClosed() {
    ShellPool<String, FakeShell> pool = new ShellPool<>(this::build, 0, 1);
    FakeShell second = new FakeShell("a");
    assertThat(pool.giveBack("a", "t", new FakeShell("a"))).isTrue();

    assertThat(pool.giveBack("a", "t", second)).isFalse();
    pool.close();
    assertThat(pool.giveBack("a", "t", second)).isFalse();

    second.close();
    assertThat(open).hasValue(0);
  }

  @Test
  void shouldBuildWhatIsWantedBesideUsedOnesOfATenant() throws Exception {
    try (ShellPool<String, FakeShell> pool = new ShellPool<>(this::build, 0, 8)) {
      pool.giveBack("a", "t", new FakeShell("a"));

      pool.want("a", 2);

      await(() -> pool.size("a") == 3);
    }
    assertThat(open).hasValue(0);
  }

  @Test
  void shouldHoldNothingWhenSwitchedOff() {
    try (ShellPool<String, FakeShell> pool = new ShellPool<>(this::build, 0, 4)) {
      assertThat(pool.take("a", "t")).isNull();
      assertThat(pool.size()).isZero();
    }
    assertThat(open).hasValue(0);
  }

  @Test
  void shouldCloseEverythingWhenClosedInTheMiddle() throws Exception {
    List<ShellPool<String, FakeShell>> pools = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      pools.add(new ShellPool<>(this::build, 4, 8));
      pools.getLast().take("a", "t");
    }

    pools.forEach(ShellPool::close);

    assertThat(open).hasValue(0);
    assertThat(pools.getFirst().take("a", "t")).isNull();
  }

  private static void await(BooleanSupplier condition) throws InterruptedException {
    while (!condition.getAsBoolean()) {
      Thread.sleep(2);
    }
  }
}
