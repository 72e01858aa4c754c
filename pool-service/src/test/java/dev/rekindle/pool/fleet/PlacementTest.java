package dev.rekindle.pool.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rekindle.pool.fleet.HostLoad.Level;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PlacementTest {
  private static final String DIR = "/snapshots/a-1";
  private static final Want WANT = want("a", "acme", false, false);

  private final List<HostLoad> loads = new ArrayList<>();

  private static Want want(String template, String tenant, boolean own, boolean shared) {
    return new Want(template, "/snapshots/" + template + "-1", tenant, own, shared);
  }

  private HostLoad load(int capacity) {
    HostLoad load = new HostLoad(loads.size(), capacity, Tenancy.FREE);
    loads.add(load);
    return load;
  }

  private HostLoad choose(Want want) {
    return Placement.choose(loads, want);
  }

  @Test
  void shouldTakeAParkedSandboxBeforeAShellBeforeRoomBeforeTheSpare() {
    HostLoad spare = load(8);
    HostLoad room = load(8);
    room.take("x", WANT, 0);
    HostLoad shell = load(8);
    shell.set(DIR, new Level(0, 1));
    HostLoad parked = load(8);
    parked.set(DIR, new Level(1, 0));

    assertThat(choose(WANT)).isSameAs(parked);
    loads.remove(parked);
    assertThat(choose(WANT)).isSameAs(shell);
    loads.remove(shell);
    assertThat(choose(WANT)).isSameAs(room);
    loads.remove(room);
    assertThat(choose(WANT)).isSameAs(spare);
    loads.remove(spare);
    assertThat(choose(WANT)).isNull();
  }

  @Test
  void shouldTakeTheTenantsOwnProcessWhenBothHaveOneParked() {
    HostLoad free = load(8);
    free.set(DIR, new Level(1, 0));
    HostLoad own = load(8);
    own.take("x", WANT, 0);
    own.take("y", WANT, 0);
    own.set(DIR, new Level(1, 0));

    assertThat(choose(WANT)).isSameAs(own);
  }

  @Test
  void shouldTakeTheProcessWithFewestSandboxesAmongEquals() {
    HostLoad fuller = load(8);
    fuller.take("x", WANT, 0);
    fuller.take("y", WANT, 0);
    HostLoad emptier = load(8);
    emptier.take("z", WANT, 0);

    assertThat(choose(WANT)).isSameAs(emptier);
  }

  @Test
  void shouldServeFromStockEvenWhenThereIsNoRoomForMore() {
    HostLoad full = load(1);
    full.set(DIR, new Level(1, 0));

    assertThat(full.hasRoom()).isFalse();
    assertThat(choose(WANT)).isSameAs(full);
    full.take("x", WANT, 0);
    assertThat(choose(WANT)).isNull();
  }

  @Test
  void shouldKeepNobodyInParticularApartFromTenants() {
    load(8).take("x", want("a", "", false, false), 0);

    assertThat(choose(WANT)).isNull();
    assertThat(choose(want("b", "", false, false))).isNotNull();
  }

  @Test
  void shouldLetTenantsShareOnlyWhereAllOfThemAllowIt() {
    HostLoad shared = load(8);
    shared.take("x", want("a", "acme", false, true), 0);
    shared.take("z", want("a", "acme", false, true), 0);
    HostLoad apart = load(8);
    apart.take("y", want("a", "other", false, false), 0);

    assertThat(choose(want("a", "third", false, true))).isSameAs(shared);
    assertThat(choose(want("a", "acme", false, false))).isNull();
    assertThat(choose(want("a", "other", false, true))).isSameAs(apart);
  }

  @Test
  void shouldGiveAPoolProcessesOfItsOwnWhenItDemandsThem() {
    HostLoad others = load(8);
    others.take("x", WANT, 0);
    HostLoad stocked = load(8);
    stocked.assign(Map.of(pool("b", 1, 0, false), new Level(1, 0)));

    assertThat(choose(want("a", "acme", true, false))).isNull();
    HostLoad spare = load(8);
    assertThat(choose(want("a", "acme", true, false))).isSameAs(spare);
    spare.take("y", want("a", "acme", true, false), 0);
    assertThat(spare.admits(want("b", "acme", false, false))).isFalse();
    assertThat(spare.admits(want("b", "acme", true, false))).isFalse();
    assertThat(choose(want("a", "acme", true, false))).isSameAs(spare);
  }

  @Test
  void shouldNotServeFromAProcessWhoseEarlierTenantsNobodyKnows() {
    loads.add(new HostLoad(0, 8, new Tenancy.Unknown()));

    assertThat(choose(WANT)).isNull();
    loads.getFirst().take("x", WANT, 0);
    assertThat(choose(WANT)).isSameAs(loads.getFirst());
  }

  private static PoolWant pool(String template, int parked, int shells, boolean own) {
    return new PoolWant(
        template, "/snapshots/" + template + "-1", "/images", parked, shells, List.of(), own);
  }

  /** What a process would do: keeps what it was told as far as it has room. */
  private static void refill(HostLoad load) {
    int room = load.capacity() - load.held();
    for (String template : List.of("a", "b", "c")) {
      load.set("/snapshots/" + template + "-1", Level.NONE);
    }
    for (Map.Entry<String, Level> entry : new TreeMap<>(load.assigned()).entrySet()) {
      int parked = Math.min(room, entry.getValue().parked());
      int shells = Math.min(room - parked, entry.getValue().shells());
      room -= parked + shells;
      load.set(entry.getKey(), new Level(parked, shells));
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void shouldNeverBreakARuleWhateverComes(long seed) {
    Random random = new Random(seed);
    List<PoolWant> pools =
        List.of(
            pool("a", random.nextInt(6), random.nextInt(4), false),
            pool("b", random.nextInt(6), random.nextInt(4), random.nextBoolean()),
            pool("c", random.nextInt(3), 0, true));
    boolean[] shared = {random.nextBoolean(), false, random.nextBoolean()};
    String[] tenants = {"", "acme", "other", "third"};
    for (int i = 0; i < 6; i++) {
      load(1 + random.nextInt(6));
    }
    Map<String, HostLoad> held = new HashMap<>();
    Map<HostLoad, Set<Want>> served = new HashMap<>();

    for (int step = 0; step < 3_000; step++) {
      switch (random.nextInt(6)) {
        case 0, 1, 2 -> {
          int which = random.nextInt(pools.size());
          PoolWant pool = pools.get(which);
          Want want =
              want(
                  pool.template(),
                  tenants[random.nextInt(tenants.length)],
                  pool.own(),
                  shared[which]);
          HostLoad chosen = choose(want);
          if (chosen == null) {
            assertThat(loads).noneMatch(l -> l.admits(want) && l.hasRoom());
          } else {
            chosen.take("sb-" + step, want, step);
            held.put("sb-" + step, chosen);
            served.computeIfAbsent(chosen, _ -> new HashSet<>()).add(want);
          }
        }
        case 3 -> {
          if (!held.isEmpty()) {
            String id = List.copyOf(held.keySet()).get(random.nextInt(held.size()));
            assertThat(held.remove(id).free(id)).isTrue();
          }
        }
        case 4 -> {
          StockPlan plan = StockPlan.of(pools, loads, step);
          assertPlan(plan, pools);
          plan.shares().forEach(HostLoad::assign);
          loads.forEach(PlacementTest::refill);
        }
        default -> {
          // It dies; another takes its place.
          int slot = random.nextInt(loads.size());
          HostLoad dead = loads.get(slot);
          held.values().removeIf(load -> load == dead);
          served.remove(dead);
          loads.set(slot, new HostLoad(slot, dead.capacity(), Tenancy.FREE));
        }
      }
      served.values().forEach(PlacementTest::assertMayBeTogether);
      for (HostLoad load : loads) {
        assertThat(load.held()).as("%s", load).isLessThanOrEqualTo(load.capacity());
      }
      assertThat(loads.stream().mapToInt(HostLoad::held).sum()).isEqualTo(held.size());
    }
  }

  private static void assertMayBeTogether(Set<Want> wants) {
    Set<String> tenants = new HashSet<>();
    Set<String> templates = new HashSet<>();
    wants.forEach(want -> {
      tenants.add(want.tenant());
      templates.add(want.template());
    });
    if (tenants.size() > 1) {
      assertThat(wants).allMatch(Want::shared);
    }
    if (templates.size() > 1) {
      assertThat(wants).noneMatch(Want::own);
    }
  }

  private static void assertPlan(StockPlan plan, List<PoolWant> pools) {
    plan.shares()
        .forEach((load, share) -> {
          int vms = share.values().stream().mapToInt(l -> l.parked() + l.shells()).sum();
          assertThat(load.held() + vms).as("%s", load).isLessThanOrEqualTo(load.capacity());
          if (share.keySet().stream().anyMatch(PoolWant::own)) {
            assertThat(share).hasSize(1);
          }
          share
              .keySet()
              .forEach(pool -> assertThat(load.mayKeep(pool.template(), pool.own())).isTrue());
        });
    for (PoolWant pool : pools) {
      int parked =
          plan.shares().values().stream()
              .mapToInt(share -> share.getOrDefault(pool, Level.NONE).parked())
              .sum();
      assertThat(parked).isLessThanOrEqualTo(pool.parked());
      assertThat(plan.isShort() || parked == pool.parked()).isTrue();
    }
  }

  @Test
  void shouldDivideStockAmongTheProcessesThatServedLately() {
    HostLoad one = load(8);
    one.take("x", WANT, 0);
    HostLoad two = load(8);
    two.take("y", want("a", "other", false, false), 0);
    HostLoad spare = load(8);
    PoolWant pool = pool("a", 5, 2, false);

    StockPlan plan = StockPlan.of(List.of(pool), loads, 1);

    assertThat(plan.isShort()).isFalse();
    assertThat(plan.shares().get(one)).containsExactly(Map.entry(pool, new Level(3, 1)));
    assertThat(plan.shares().get(two)).containsExactly(Map.entry(pool, new Level(2, 1)));
    assertThat(plan.shares().get(spare)).isEmpty();
  }

  @Test
  void shouldSayWhenThereIsNotRoomForAllTheStock() {
    HostLoad only = load(4);
    only.take("x", WANT, 0);
    PoolWant pool = pool("a", 5, 1, false);

    StockPlan plan = StockPlan.of(List.of(pool), loads, 1);

    assertThat(plan.isShort()).isTrue();
    assertThat(plan.shares().get(only)).containsExactly(Map.entry(pool, new Level(3, 0)));
  }

  @Test
  void shouldStartWhatIsMissingAndNeverMoreThanAllowed() {
    assertThat(new Scaling(0, 0, 0, 1, 8).toStart(0, false)).isEqualTo(1);
    assertThat(new Scaling(1, 1, 0, 1, 8).toStart(0, false)).isZero();
    assertThat(new Scaling(1, 1, 0, 1, 8).toStart(2, true)).isEqualTo(3);
    assertThat(new Scaling(7, 0, 0, 4, 8).toStart(3, false)).isEqualTo(1);
    assertThat(new Scaling(8, 0, 0, 1, 8).toStart(5, true)).isZero();
    assertThat(Arrays.asList(new Scaling(3, 0, 3, 1, 8).surplus())).containsExactly(2);
  }
}
