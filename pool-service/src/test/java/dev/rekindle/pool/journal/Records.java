package dev.rekindle.pool.journal;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;

/** Records of every kind. */
final class Records {
  private Records() {}

  static Digest digest(RandomGenerator random) {
    return new Digest(random.nextLong(), random.nextLong(), random.nextLong(), random.nextLong());
  }

  private static LeaseRecord.Terms terms(RandomGenerator random) {
    return new LeaseRecord.Terms(
        random.nextLong(), random.nextLong(), random.nextInt(1, 1000), digest(random));
  }

  private static LeaseRecord.Keyed keyed(RandomGenerator random) {
    return random.nextBoolean()
        ? LeaseRecord.Keyed.NONE
        : new LeaseRecord.Keyed(digest(random), digest(random));
  }

  static LeaseRecord.Given given(RandomGenerator random, String id) {
    List<Digest> former = new ArrayList<>();
    for (int i = random.nextInt(4); i > 0; i--) {
      former.add(digest(random));
    }
    Map<String, Long> stages = new LinkedHashMap<>();
    for (int i = random.nextInt(6); i > 0; i--) {
      stages.put("stage" + i, random.nextLong());
    }
    return new LeaseRecord.Given(
        id,
        new LeaseRecord.Origin(
            "base", "base-0123456789ab", "acmé", random.nextBoolean(), random.nextLong()),
        terms(random),
        former,
        keyed(random),
        "parked",
        stages);
  }

  static LeaseRecord.Renewed renewed(RandomGenerator random, String id) {
    return new LeaseRecord.Renewed(id, terms(random));
  }

  static LeaseRecord.Ended ended(RandomGenerator random, String id) {
    return new LeaseRecord.Ended(
        id,
        "lease.released",
        "released by its holder",
        random.nextLong(),
        digest(random),
        keyed(random));
  }
}
