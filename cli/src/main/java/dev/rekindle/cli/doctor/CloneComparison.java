package dev.rekindle.cli.doctor;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Whether sandboxes restored from one snapshot are as different as machines are.
 *
 * @param clones what each said of itself; two at least
 * @param maxSkewNanos how far a clock may be off
 */
public record CloneComparison(List<CloneFacts> clones, long maxSkewNanos) {
  private static final long MILLI_NANOS = 1_000_000L;
  private static final String REPORT = "a defect of Rekindle or of the template: report it";

  /** Copies the list. */
  public CloneComparison {
    clones = List.copyOf(clones);
    if (clones.size() < 2) {
      throw new IllegalArgumentException("clones must be at least 2, got " + clones.size());
    }
  }

  /** What must be there and differ. */
  private enum Must {
    HAVE,
    IF_ANY
  }

  /**
   * @return one finding for each thing compared
   */
  public List<Finding> findings() {
    return List.of(
        distinct(
            "clone-urandom",
            "keys and tokens made of equal random bytes are known to the other clone",
            Must.HAVE,
            clone -> clone.lines("urandom")),
        distinct(
            "clone-uuid",
            "the kernel's own random ids come of its entropy pool, not of urandom's answer",
            Must.HAVE,
            clone -> clone.lines("uuid")),
        distinct(
            "clone-machine-id",
            "software tells machines apart by it",
            Must.HAVE,
            clone -> clone.lines("machine-id")),
        distinct(
            "clone-boot-id",
            "software tells one boot from another by it",
            Must.HAVE,
            clone -> clone.lines("boot-id")),
        distinct(
            "clone-hostname",
            "logs and cluster members are named by it",
            Must.HAVE,
            clone -> clone.lines("hostname")),
        lease(),
        distinct(
            "clone-mac",
            "two machines of one address on a network take each other's frames",
            Must.IF_ANY,
            clone -> clone.lines("mac")),
        distinct(
            "clone-ip",
            "two machines of one address on a network take each other's connections",
            Must.IF_ANY,
            CloneFacts::addresses),
        distinct(
            "clone-python",
            "Python's random, uuid and hash seeds come of the kernel when it starts",
            Must.IF_ANY,
            clone -> clone.lines("python")),
        clock(),
        connections());
  }

  private Finding distinct(
      String name, String why, Must must, Function<CloneFacts, List<String>> values) {
    long without = clones.stream().filter(clone -> values.apply(clone).isEmpty()).count();
    if (without == clones.size() && must == Must.IF_ANY) {
      return new Finding(name, Level.OK, "none has one", why, "");
    }
    if (without > 0) {
      String found = without + " of " + clones.size() + " have none";
      return new Finding(name, Level.FAIL, found, why, REPORT);
    }
    Map<String, List<String>> holders = new LinkedHashMap<>();
    for (CloneFacts clone : clones) {
      for (String value : values.apply(clone)) {
        holders.computeIfAbsent(value, _ -> new ArrayList<>()).add(clone.lease());
      }
    }
    List<String> shared =
        holders.values().stream()
            .filter(leases -> leases.size() > 1)
            .map(leases -> "equal in " + String.join(", ", leases))
            .distinct()
            .toList();
    return shared.isEmpty()
        ? new Finding(name, Level.OK, holders.size() + " distinct", why, "")
        : new Finding(name, Level.FAIL, String.join("; ", shared), why, REPORT);
  }

  private Finding lease() {
    String why = "a sandbox that believes it is of another lease was not made unique for this one";
    List<String> wrong =
        clones.stream()
            .filter(clone -> !clone.lines("lease").equals(List.of(clone.lease())))
            .map(clone -> clone.lease() + " has " + String.join(" ", clone.lines("lease")))
            .toList();
    return wrong.isEmpty()
        ? new Finding("clone-lease", Level.OK, "each has its own", why, "")
        : new Finding("clone-lease", Level.FAIL, String.join("; ", wrong), why, REPORT);
  }

  private Finding clock() {
    String why = "a clone wakes with the snapshot's time until it is set: certificates, logs";
    long mute = clones.stream().filter(clone -> !clone.clock().known()).count();
    if (mute > 0) {
      return new Finding(
          "clone-clock", Level.FAIL, mute + " of " + clones.size() + " tell no time", why, REPORT);
    }
    CloneFacts worst = clones.getFirst();
    for (CloneFacts clone : clones) {
      if (Math.abs(clone.clock().nanos()) > Math.abs(worst.clock().nanos())) {
        worst = clone;
      }
    }
    long asking = clones.stream().mapToLong(clone -> clone.clock().askingNanos()).max().orElse(0);
    String found =
        worst.clock().nanos() / MILLI_NANOS
            + " ms at worst, asking took "
            + asking / MILLI_NANOS
            + " ms";
    return Math.abs(worst.clock().nanos()) <= maxSkewNanos
        ? new Finding("clone-clock", Level.OK, found, why, "")
        : new Finding(
            "clone-clock",
            Level.FAIL,
            found + " (" + worst.lease() + ")",
            why,
            "set this host's clock, and the lab's by starting it anew");
  }

  private Finding connections() {
    String why = "a connection of the snapshot has a peer that talks to every clone at once";
    String found =
        clones.stream()
            .filter(clone -> !clone.connections().isEmpty())
            .map(clone -> clone.lease() + ": " + String.join(", ", clone.connections()))
            .collect(Collectors.joining("; "));
    return found.isEmpty()
        ? new Finding("clone-connections", Level.OK, "none inherited", why, "")
        : new Finding(
            "clone-connections",
            Level.FAIL,
            found,
            why,
            "close connections in the template's warm-up before it ends");
  }
}
