package dev.rekindle.pool.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rekindle.metrics.ServiceMetrics;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class LeaseJournalTest {
  private static final UUID BOOT = new UUID(1, 2);
  private static final int ROUNDS = 24;

  @TempDir private Path directory;
  private final ServiceMetrics metrics = new ServiceMetrics();
  private final FaultyStorage disk = new FaultyStorage();
  private final Random random = new Random(7);

  private LeaseJournal open() throws IOException {
    return new LeaseJournal(directory, BOOT, metrics, disk);
  }

  private static void append(LeaseJournal journal, LeaseRecord... records) throws Exception {
    for (LeaseRecord record : records) {
      journal.append(record, List::of);
    }
  }

  private List<LeaseRecord> reopened() throws Exception {
    try (LeaseJournal journal = open()) {
      return journal.recovered().records();
    }
  }

  @Test
  void shouldGiveASuccessorWhatWasAppendedThoughItWasNeverClosed() throws Exception {
    LeaseRecord kept = Records.given(random, "sb-1");
    LeaseRecord appended = Records.ended(random, "sb-2");
    try (LeaseJournal journal = open()) {
      journal.begin(List.of(kept));
      append(journal, appended);

      Path copy = Files.createDirectory(directory.resolve("copy"));
      for (String name : List.of("journal.0", "journal.1")) {
        Files.copy(directory.resolve(name), copy.resolve(name));
      }
      try (LeaseJournal successor = new LeaseJournal(copy, BOOT, metrics)) {
        assertThat(successor.recovered())
            .isEqualTo(new LeaseJournal.Recovered(List.of(kept, appended), 0, true, ""));
      }
    }
  }

  @Test
  void shouldTellThatTheMachineWasBootedSince() throws Exception {
    try (LeaseJournal journal = open()) {
      journal.begin(List.of());
    }

    try (LeaseJournal later = new LeaseJournal(directory, new UUID(1, 3), metrics)) {
      assertThat(later.recovered().sameBoot()).isFalse();
    }
  }

  @Test
  void shouldLetNoSecondServiceIn() throws Exception {
    try (LeaseJournal journal = open()) {
      journal.begin(List.of());

      assertThatThrownBy(this::open).hasMessageContaining("another service uses");
    }
    open().close();
  }

  @Test
  void shouldBeReadableForItsOwnerAlone() throws Exception {
    Path folder = directory.resolve("leases");

    new LeaseJournal(folder, BOOT, metrics).close();

    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder)))
        .isEqualTo("rwx------");
    assertThat(
            PosixFilePermissions.toString(
                Files.getPosixFilePermissions(folder.resolve("journal.0"))))
        .isEqualTo("rw-------");
  }

  @Test
  void shouldGoOnInTheOtherFileWhenOneIsFull() throws Exception {
    LeaseRecord kept = Records.given(random, "sb-kept");
    int compactions = 0;
    try (LeaseJournal journal = open()) {
      journal.begin(List.of());
      for (int i = 0; compactions < 3; i++) {
        boolean[] compacted = {false};
        journal.append(
            Records.ended(random, "sb-" + i),
            () -> {
              compacted[0] = true;
              return List.of(kept);
            });
        compactions += compacted[0] ? 1 : 0;
      }
    }

    List<LeaseRecord> records = reopened();

    assertThat(records).hasSize(2).first().isEqualTo(kept);
  }

  @Test
  void shouldTakeAsMuchRoomAsTheRecordsNeedThatAreKept() throws Exception {
    List<LeaseRecord> image = new ArrayList<>();
    for (int i = 0; i < 10_000; i++) {
      image.add(Records.given(random, "sb-" + i));
    }
    try (LeaseJournal journal = open()) {
      journal.begin(image);
    }

    assertThat(reopened()).isEqualTo(image);
  }

  @Test
  void shouldFailTypedWhenTheDiskIsFullAndGoOnWhenItIsNot() throws Exception {
    LeaseRecord first = Records.given(random, "sb-1");
    LeaseRecord third = Records.given(random, "sb-3");
    try (LeaseJournal journal = open()) {
      journal.begin(List.of());
      append(journal, first);
      disk.left = 20;

      assertThatThrownBy(() -> append(journal, Records.given(random, "sb-2")))
          .isInstanceOfSatisfying(JournalException.class, e -> assertThat(e.isNoSpace()).isTrue());

      disk.left = Long.MAX_VALUE;
      append(journal, third);
    }

    assertThat(reopened()).containsExactly(first, third);
    assertThat(metrics.scrape()).contains("rekindle_journal_failures_total 1");
  }

  @Test
  void shouldNeedNoRoomOnTheDiskThatItHasNotTakenAlready() throws Exception {
    try (LeaseJournal journal = open()) {
      journal.begin(List.of());
      long size =
          Files.size(directory.resolve("journal.0")) + Files.size(directory.resolve("journal.1"));

      for (int i = 0; i < 100; i++) {
        append(journal, Records.given(random, "sb-" + i));
      }

      assertThat(
              Files.size(directory.resolve("journal.0"))
                  + Files.size(directory.resolve("journal.1")))
          .isEqualTo(size);
    }
  }

  @Test
  void shouldTellOtherFailuresFromAFullDisk() throws Exception {
    try (LeaseJournal journal = open()) {
      journal.begin(List.of());
      disk.left = 0;
      disk.failure = "Input/output error";

      assertThatThrownBy(() -> append(journal, Records.given(random, "sb-2")))
          .isInstanceOfSatisfying(JournalException.class, e -> assertThat(e.isNoSpace()).isFalse());
    }
  }

  @Test
  void shouldCountWhatCannotBeForced() throws Exception {
    disk.failsToForce = true;
    try (LeaseJournal journal = open()) {
      journal.begin(List.of());
      long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
      while (!metrics.scrape().contains("rekindle_journal_failures_total 1")) {
        assertThat(System.nanoTime()).isLessThan(deadline);
        Thread.sleep(20);
      }
    }
  }

  @Test
  void shouldDistrustWhatCameBeforeDamageAndSetItAside() throws Exception {
    LeaseRecord before = Records.given(random, "sb-1");
    LeaseRecord after = Records.given(random, "sb-3");
    try (LeaseJournal journal = open()) {
      journal.begin(List.of());
      append(journal, before, Records.given(random, "sb-2"), after);
    }
    Path active = active();
    byte[] damaged = Files.readAllBytes(active);
    damaged[indexOf(damaged, "sb-2")]++;
    Files.write(active, damaged);

    try (LeaseJournal journal = open()) {
      LeaseJournal.Recovered recovered = journal.recovered();
      journal.begin(recovered.records());

      assertThat(recovered.records()).containsExactly(before, after);
      assertThat(recovered.trustedFrom()).isEqualTo(1);
      assertThat(recovered.damage()).contains(active.getFileName().toString(), "bytes ");
    }
    assertThat(directory.resolve("damaged")).hasBinaryContent(damaged);
    try (LeaseJournal journal = open()) {
      assertThat(journal.recovered().damage()).as("told once").isEmpty();
    }
  }

  @Test
  void shouldTrustNothingWhenAHeaderCannotBeRead() throws Exception {
    try (LeaseJournal journal = open()) {
      journal.begin(List.of(Records.given(random, "sb-1")));
    }
    try (RandomAccessFile file = new RandomAccessFile(active().toFile(), "rw")) {
      file.seek(20);
      file.write(0x55);
    }

    try (LeaseJournal journal = open()) {
      assertThat(journal.recovered().records()).isEmpty();
      assertThat(journal.recovered().damage()).contains("checksum");
    }
  }

  @Test
  void shouldRefuseAFileThatNoJournalIsAsLongAs() throws Exception {
    try (RandomAccessFile file =
        new RandomAccessFile(directory.resolve("journal.0").toFile(), "rw")) {
      file.setLength(LeaseJournal.MAX_FILE_BYTES + 1);
    }

    assertThatThrownBy(this::open).hasMessageContaining("at most");
    Files.delete(directory.resolve("journal.0"));
    open().close();
  }

  private Path active() throws IOException {
    Path zero = directory.resolve("journal.0");
    return Files.readAllBytes(zero)[0] == 0 ? directory.resolve("journal.1") : zero;
  }

  private static int indexOf(byte[] bytes, String text) {
    return new String(bytes, java.nio.charset.StandardCharsets.ISO_8859_1).indexOf(text);
  }

  /** Against a map; killed at random bytes, also of the file that replaces a full one. */
  @Test
  void shouldKnowEveryAcknowledgedRecordWhereverItWasKilled() throws Exception {
    Map<String, LeaseRecord> model = new LinkedHashMap<>();
    int kills = 0;
    for (int round = 0; round < ROUNDS; round++) {
      disk.left = Long.MAX_VALUE;
      disk.kills = true;
      LeaseJournal journal = open();
      assertThat(state(journal.recovered().records())).as("round " + round).isEqualTo(model);
      assertThat(journal.recovered().damage()).isEmpty();
      // Some rounds end while a full file is being replaced, some in the middle of a record.
      disk.left = random.nextInt(round % 3 == 0 ? 1_500_000 : round % 3 == 1 ? 5_000 : 200_000);
      LeaseRecord inFlight = null;
      try {
        journal.begin(List.copyOf(model.values()));
        while (true) {
          inFlight = next(model);
          journal.append(inFlight, () -> List.copyOf(model.values()));
          apply(inFlight, model);
        }
      } catch (FaultyStorage.Killed e) {
        kills++;
      }
      // A dead process lets go of its files; what was cut off may be there or not.
      disk.left = Long.MAX_VALUE;
      journal.close();
      Map<String, LeaseRecord> found = state(reopened());
      if (inFlight != null && !found.equals(model)) {
        apply(inFlight, model);
      }
      assertThat(found).as("round " + round).isEqualTo(model);
    }
    assertThat(kills).isEqualTo(ROUNDS);
  }

  private LeaseRecord next(Map<String, LeaseRecord> model) {
    String id = "sb-" + random.nextInt(300);
    return model.containsKey(id) ? Records.ended(random, id) : Records.given(random, id);
  }

  private static void apply(LeaseRecord record, Map<String, LeaseRecord> state) {
    if (record instanceof LeaseRecord.Given) {
      state.put(record.id(), record);
    } else {
      state.remove(record.id());
    }
  }

  private static Map<String, LeaseRecord> state(List<LeaseRecord> records) {
    Map<String, LeaseRecord> state = new LinkedHashMap<>();
    records.forEach(record -> apply(record, state));
    return state;
  }
}
