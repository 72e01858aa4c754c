package dev.rekindle.bench.soak;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** What became of the leases. Thread: any. */
final class Ledger {
  /** Codes that admit a defect, so that they count as no typed error. */
  private static final Set<String> DEFECTS = Set.of("internal", "host.internal");

  private static final int MAX_NOTES = 50;

  private final Map<String, Integer> typed = new TreeMap<>();
  private final List<String> notes = new ArrayList<>();
  private int leases;
  private int worked;
  private int survived;
  private int untyped;
  private int heldByTwo;
  private int outlived;
  private int skipped;
  private long latestMillis;

  synchronized void begun() {
    leases++;
  }

  /**
   * It worked from beginning to end.
   *
   * @param throughServiceKill whether the service was killed meanwhile
   */
  synchronized void worked(boolean throughServiceKill) {
    worked++;
    survived += throughServiceKill ? 1 : 0;
  }

  /** It ended with a code. */
  synchronized void refused(String code) {
    if (DEFECTS.contains(code)) {
      broken("code " + code);
    } else {
      typed.merge(code, 1, Integer::sum);
    }
  }

  /** It ended without one. */
  synchronized void broken(String what) {
    untyped++;
    note("untyped: " + what);
  }

  synchronized void heldByTwo(String what) {
    heldByTwo++;
    note("held by two: " + what);
  }

  synchronized void outlived(String what) {
    outlived++;
    note("outlived: " + what);
  }

  /** None was begun though one was due: too many were running. */
  synchronized void skipped() {
    skipped++;
  }

  /** How long after its deadline a lease's command ended. */
  synchronized void endedAfterDeadline(long millis) {
    latestMillis = Math.max(latestMillis, millis);
  }

  private void note(String text) {
    if (notes.size() < MAX_NOTES) {
      notes.add(text);
    }
  }

  /** The first things that went wrong, for people. */
  synchronized List<String> notes() {
    return List.copyOf(notes);
  }

  /**
   * The counts at a moment.
   *
   * @param leases begun
   * @param worked from beginning to end
   * @param survived of those, through a kill of the service
   * @param typed by code, those that ended with one
   * @param failedUntyped that ended otherwise
   * @param heldByTwo that met another holder's mark
   * @param outlived that could be used after deadline and accuracy
   * @param skipped due, but not begun
   * @param latestEndMillis longest from a deadline to the end of a command under it
   */
  record Counts(
      int leases,
      int worked,
      int survived,
      Map<String, Integer> typed,
      int failedUntyped,
      int heldByTwo,
      int outlived,
      int skipped,
      long latestEndMillis) {
    int failedTyped() {
      return typed.values().stream().mapToInt(n -> n).sum();
    }
  }

  synchronized Counts counts() {
    return new Counts(
        leases,
        worked,
        survived,
        new TreeMap<>(typed),
        untyped,
        heldByTwo,
        outlived,
        skipped,
        latestMillis);
  }
}
