package dev.rekindle.snapshotter.host;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rekindle.snapshotter.host.protocol.HostException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class ParkedStockTest {
  private final AtomicInteger open = new AtomicInteger();
  private final AtomicInteger made = new AtomicInteger();
  private final Semaphore refusals = new Semaphore(0);
  private final AtomicBoolean busy = new AtomicBoolean();
  private volatile String tenant;
  private volatile Fake newest;
  private final ParkedStock<String, Fake> stock = new ParkedStock<>(this::make, busy::get);

  private final class Fake implements ParkedStock.Parked {
    private final String recipe;
    private final String owner = tenant;
    private volatile boolean alive = true;

    private Fake(String recipe) {
      this.recipe = recipe;
      open.incrementAndGet();
      made.incrementAndGet();
    }

    @Override
    public String tenant() {
      return owner;
    }

    @Override
    public boolean alive() {
      return alive;
    }

    @Override
    public void close() {
      open.decrementAndGet();
    }
  }

  private Fake make(String recipe) throws HostException {
    if (refusals.tryAcquire()) {
      throw new HostException("sandbox.no_room", "no room (the test wants it)");
    }
    newest = new Fake(recipe);
    return newest;
  }

  @AfterEach
  void shouldLeaveNothingOpen() {
    stock.close();
    assertThat(open).hasValue(0);
  }

  private int parked(String recipe) {
    ParkedStock.Level level = stock.levels().get(recipe);
    return level == null ? 0 : level.parked();
  }

  @Test
  void shouldMakeAsManyAsWantedAndOneForEachTaken() throws Exception {
    stock.want("a", 3);
    await(() -> parked("a") == 3);

    Fake taken = stock.take("a", "t");

    assertThat(taken.recipe).isEqualTo("a");
    await(() -> made.get() == 4 && parked("a") == 3);
    taken.close();
  }

  @Test
  void shouldHaveNothingForARecipeNobodyWants() {
    assertThat(stock.take("a", "t")).isNull();
    assertThat(stock.levels()).isEmpty();
  }

  @Test
  void shouldCloseWhatIsMoreThanWanted() throws Exception {
    stock.want("a", 3);
    await(() -> parked("a") == 3);

    stock.want("a", 1);

    assertThat(parked("a")).isEqualTo(1);
    assertThat(open).hasValue(1);
    stock.want("a", 0);
    assertThat(open).hasValue(0);
    assertThat(stock.levels()).isEmpty();
  }

  @Test
  void shouldGiveATenantsOwnToNobodyElse() throws Exception {
    tenant = "t1";
    stock.want("a", 1);
    await(() -> parked("a") == 1);

    assertThat(stock.take("a", "t2")).isNull();

    assertThat(stock.take("a", "t1")).isNotNull().satisfies(Fake::close);
  }

  @Test
  void shouldNotGiveOneThatDiedInStockButMakeAnother() throws Exception {
    stock.want("a", 1);
    await(() -> parked("a") == 1);
    Fake dead = newest;
    dead.alive = false;

    assertThat(stock.take("a", "t")).isNull();

    await(() -> parked("a") == 1);
    Fake next = stock.take("a", "t");
    assertThat(next).isNotSameAs(dead).satisfies(Fake::close);
  }

  @Test
  void shouldWaitAfterAFailureAndSayWhy() throws Exception {
    refusals.release();

    stock.want("a", 1);

    await(() -> stock.levels().get("a").failures() == 1);
    assertThat(stock.levels().get("a").lastError()).contains("no room");
    assertThat(parked("a")).isZero();
    await(() -> parked("a") == 1);
    assertThat(stock.levels().get("a").failures()).isZero();
  }

  @Test
  void shouldServeTheRecipeThatLacksMost() throws Exception {
    stock.want("a", 4);
    stock.want("b", 1);

    await(() -> parked("a") == 4 && parked("b") == 1);
  }

  @Test
  void shouldGoOnRefillingUnderASteadyStreamOfAcquires() throws Exception {
    busy.set(true);

    stock.want("a", 2);

    await(() -> parked("a") == 2);
  }

  private static void await(BooleanSupplier condition) throws InterruptedException {
    while (!condition.getAsBoolean()) {
      Thread.sleep(2);
    }
  }
}
