package dev.rekindle.pool.lease;

import dev.rekindle.pool.error.ErrorCode;
import dev.rekindle.pool.error.ServiceException;
import dev.rekindle.pool.journal.Digest;
import dev.rekindle.pool.journal.JournalException;
import dev.rekindle.pool.journal.LeaseJournal;
import dev.rekindle.pool.journal.LeaseRecord;
import dev.rekindle.snapshotter.template.Template;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which leases there are and were, in memory and in the journal: what changes is in the journal
 * before it counts. Thread: one event loop. A write there takes some microseconds and goes to the
 * page cache; handing it to a thread took four times as long, and eight at the 99th percentile.
 */
final class LeaseBook {
  private static final Logger LOG = LoggerFactory.getLogger(LeaseBook.class);
  private static final long MILLI_NANOS = 1_000_000;
  private static final long SECOND_NANOS = 1_000_000_000;

  private final LeaseJournal journal;
  private final LeaseClock clock;
  private final Map<String, Lease> leases = new LinkedHashMap<>();
  private final EndedLeases ended = new EndedLeases(this::forgetKey);

  /** By digest of its key, the id of the lease that has or had it. */
  private final Map<Digest, String> keys = new HashMap<>();

  /** What both clocks showed when they were last compared. */
  private long comparedNanos;

  private long comparedBootMillis;

  /**
   * Takes over what the journal has.
   *
   * @throws ServiceException if it cannot be written
   */
  LeaseBook(LeaseJournal journal, LeaseClock clock) {
    this.journal = journal;
    this.clock = clock;
    calibrate();
    LeaseJournal.Recovered recovered = journal.recovered();
    List<LeaseRecord> records = recovered.records();
    int trustedFrom = recovered.trustedFrom();
    records.subList(0, trustedFrom).forEach(r -> replay(r, recovered.sameBoot()));
    endAll("the journal of leases was damaged");
    records.subList(trustedFrom, records.size()).forEach(r -> replay(r, recovered.sameBoot()));
    if (!recovered.sameBoot()) {
      endAll("the machine was booted since");
    }
    try {
      journal.begin(image());
    } catch (JournalException e) {
      throw failure(e);
    }
  }

  private void replay(LeaseRecord record, boolean sameBoot) {
    switch (record) {
      case LeaseRecord.Given given -> put(new Lease(given, nanos(given.terms())));
      case LeaseRecord.Renewed renewed ->
          leases.computeIfPresent(
              renewed.id(), (_, old) -> old.with(renewed.terms(), nanos(renewed.terms())));
      case LeaseRecord.Ended gone -> {
        leases.remove(gone.id());
        remember(sameBoot ? gone : endedNow(gone));
      }
    }
  }

  /** The time of another boot says nothing in this one. */
  private LeaseRecord.Ended endedNow(LeaseRecord.Ended gone) {
    return new LeaseRecord.Ended(
        gone.id(), gone.code(), gone.detail(), bootMillis(), gone.token(), gone.keyed());
  }

  private void endAll(String why) {
    List<Lease> all = all();
    leases.clear();
    all.forEach(lease -> remember(record(lease, ErrorCode.LEASE_LOST, why)));
  }

  private void put(Lease lease) {
    leases.put(lease.id(), lease);
    if (lease.given().keyed().isPresent()) {
      keys.put(lease.given().keyed().key(), lease.id());
    }
  }

  private void remember(LeaseRecord.Ended gone) {
    ended.add(gone);
    if (gone.keyed().isPresent()) {
      keys.put(gone.keyed().key(), gone.id());
    }
  }

  private void forgetKey(LeaseRecord.Ended gone) {
    keys.remove(gone.keyed().key(), gone.id());
  }

  /** Compares the clocks, of which one stands still while the machine is suspended. */
  void calibrate() {
    comparedNanos = clock.nanoTime();
    comparedBootMillis = clock.bootMillis().getAsLong();
  }

  private long nanos(LeaseRecord.Terms terms) {
    return comparedNanos + (terms.deadlineBootMillis() - comparedBootMillis) * MILLI_NANOS;
  }

  private LeaseRecord.Terms terms(int ttlSeconds, int generation, Digest token) {
    return new LeaseRecord.Terms(
        clock.wall().instant().plusSeconds(ttlSeconds).toEpochMilli(),
        bootMillis() + ttlSeconds * 1000L,
        generation,
        token);
  }

  private long bootMillis() {
    return comparedBootMillis + (clock.nanoTime() - comparedNanos) / MILLI_NANOS;
  }

  /**
   * Gives a lease, from now on.
   *
   * @param token digest of its first token
   * @throws ServiceException if the journal cannot be written: there is no lease then
   */
  Lease give(
      String id,
      Template template,
      AcquireRequest request,
      LeaseRecord.Keyed keyed,
      Digest token,
      Sandboxes.Made made) {
    LeaseRecord.Given given =
        new LeaseRecord.Given(
            id,
            new LeaseRecord.Origin(
                template.name(),
                template.snapshotId(),
                request.tenant(),
                request.run(),
                clock.wall().instant().toEpochMilli()),
            terms(request.ttlSeconds(), 1, token),
            List.of(),
            keyed,
            made.served(),
            made.stagesMicros());
    append(given);
    Lease lease = new Lease(given, clock.nanoTime() + request.ttlSeconds() * SECOND_NANOS);
    put(lease);
    return lease;
  }

  /**
   * Changes a lease's terms.
   *
   * @throws ServiceException if the journal cannot be written: it has its old ones then
   */
  Lease renew(Lease lease, int ttlSeconds, int generation, Digest token) {
    LeaseRecord.Terms terms = terms(ttlSeconds, generation, token);
    append(new LeaseRecord.Renewed(lease.id(), terms));
    Lease renewed = lease.with(terms, clock.nanoTime() + ttlSeconds * SECOND_NANOS);
    leases.put(lease.id(), renewed);
    return renewed;
  }

  /**
   * Ends a lease, also where the journal cannot be written: a successor will not find its sandbox.
   *
   * @return false if it had ended
   */
  boolean end(Lease lease, ErrorCode why, String detail) {
    Lease current = leases.remove(lease.id());
    if (current == null) {
      return false;
    }
    LeaseRecord.Ended gone = record(current, why, detail);
    remember(gone);
    try {
      append(gone);
    } catch (ServiceException e) {
      LOG.error("the end of lease {} is not in the journal: {}", lease.id(), e.getMessage());
    }
    return true;
  }

  private LeaseRecord.Ended record(Lease lease, ErrorCode why, String detail) {
    return new LeaseRecord.Ended(
        lease.id(), why.code(), detail, bootMillis(), lease.token(), lease.given().keyed());
  }

  private void append(LeaseRecord record) {
    try {
      journal.append(record, this::image);
    } catch (JournalException e) {
      throw failure(e);
    }
  }

  private static ServiceException failure(JournalException e) {
    return new ServiceException(
        e.isNoSpace() ? ErrorCode.NO_SPACE : ErrorCode.STATE_FAILED,
        "the journal of leases cannot be written: " + e.getMessage());
  }

  private List<LeaseRecord> image() {
    List<LeaseRecord> image = new ArrayList<>(ended.kept());
    leases.values().forEach(lease -> image.add(lease.given()));
    return image;
  }

  /**
   * Checks that a lease is its holder's.
   *
   * @param token what was shown, or null
   * @throws ServiceException if it is not, or not any more
   */
  void check(Lease lease, String token) {
    if (token == null) {
      throw Refusals.tokenMissing(lease.id());
    }
    Digest shown = LeaseSecrets.ofToken(token);
    if (shown.matches(lease.token())) {
      return;
    }
    throw lease.wasToken(shown) || ended.wasToken(shown)
        ? Refusals.tokenStale(lease)
        : Refusals.tokenWrong(lease.id());
  }

  /** All live ones, oldest first. */
  List<Lease> all() {
    return new ArrayList<>(leases.values());
  }

  Collection<Lease> live() {
    return leases.values();
  }

  /** A live one, or null. */
  Lease live(String id) {
    return leases.get(id);
  }

  EndedLeases ended() {
    return ended;
  }

  /** Id of the lease that has or had the key; null if none is known. */
  String idOfKey(Digest key) {
    return keys.get(key);
  }

  /** Whether a lease ended longer ago than that. */
  boolean endedBefore(LeaseRecord.Ended gone, long seconds) {
    return bootMillis() - gone.endedBootMillis() > seconds * 1000;
  }
}
