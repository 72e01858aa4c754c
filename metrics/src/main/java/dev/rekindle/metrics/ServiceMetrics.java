package dev.rekindle.metrics;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * What the service counts, behind methods that say what happened. Thread: any. Labels are bounded:
 * a template's name is only used for templates that exist, codes and stages come from closed sets.
 */
public final class ServiceMetrics {
  /**
   * Of a template's snapshot.
   *
   * @param residentShare of its memory file in the page cache, in [0, 1]; empty if not known
   * @param workingSetBytes that each restore prefetches
   */
  public record SnapshotUse(OptionalDouble residentShare, long workingSetBytes) {}

  private static final String BYTES = "bytes";
  private static final Duration[] BUCKETS = {
    Duration.ofNanos(50_000),
    Duration.ofNanos(100_000),
    Duration.ofNanos(250_000),
    Duration.ofNanos(500_000),
    Duration.ofMillis(1),
    Duration.ofNanos(2_500_000),
    Duration.ofMillis(5),
    Duration.ofMillis(10),
    Duration.ofMillis(25),
    Duration.ofMillis(50),
    Duration.ofMillis(100),
    Duration.ofMillis(250),
    Duration.ofMillis(500),
    Duration.ofSeconds(1),
    Duration.ofMillis(2500),
    Duration.ofSeconds(5),
    Duration.ofSeconds(10),
    Duration.ofSeconds(30),
    Duration.ofSeconds(60)
  };

  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final Map<String, Timer> stages = new ConcurrentHashMap<>();
  private final Map<String, Counter> counters = new ConcurrentHashMap<>();
  private final Map<String, AtomicInteger> leased = new ConcurrentHashMap<>();
  private final AtomicInteger shells = new AtomicInteger();
  private final AtomicInteger parked = new AtomicInteger();
  private final MultiGauge hostVms;
  private final MultiGauge hostResident;
  private final Timer exec;
  private final Map<String, DistributionSummary> summaries = new ConcurrentHashMap<>();
  private final MultiGauge resident =
      MultiGauge.builder(MetricNames.SNAPSHOT_RESIDENT)
          .description("Share of the snapshot's memory file in the page cache")
          .baseUnit("ratio")
          .register(registry);
  private final MultiGauge workingSet =
      MultiGauge.builder(MetricNames.SNAPSHOT_WORKING_SET)
          .description("Memory that each restore of the snapshot prefetches")
          .baseUnit(BYTES)
          .register(registry);
  private final Timer journalWrite;
  private final Counter journalFailures;
  private final Counter replayed;
  private final Counter adopted;

  /** Registers what is always there. */
  public ServiceMetrics() {
    new ProcessorMetrics().bindTo(registry);
    new JvmMemoryMetrics().bindTo(registry);
    Gauge.builder(MetricNames.SHELLS, shells, AtomicInteger::get)
        .description("VMs built ahead and empty")
        .register(registry);
    Gauge.builder(MetricNames.PARKED, parked, AtomicInteger::get)
        .description("Sandboxes restored and waiting")
        .register(registry);
    hostVms =
        MultiGauge.builder(MetricNames.HOST_VMS)
            .description("VMs of a host process")
            .register(registry);
    hostResident =
        MultiGauge.builder(MetricNames.HOST_RESIDENT)
            .baseUnit("bytes")
            .description("Resident memory of a host process")
            .register(registry);
    exec =
        Timer.builder(MetricNames.EXEC)
            .description("Seconds a command ran in a sandbox, by the guest's clock")
            .serviceLevelObjectives(BUCKETS)
            .register(registry);
    journalWrite =
        Timer.builder(MetricNames.JOURNAL_WRITE)
            .description("Seconds a record of the journal of leases took to write")
            .serviceLevelObjectives(BUCKETS)
            .register(registry);
    journalFailures =
        Counter.builder(MetricNames.JOURNAL_FAILURES)
            .description("Failures to read, write or force the journal of leases")
            .register(registry);
    adopted =
        Counter.builder(MetricNames.LEASE_ADOPTED)
            .description("Leases taken over from an earlier service")
            .register(registry);
    replayed =
        Counter.builder(MetricNames.LEASE_REPLAYED)
            .description("Acquires answered with the lease their Idempotency-Key had already")
            .register(registry);
  }

  /**
   * A lease was given.
   *
   * @param template whose
   * @param served how, see {@code docs/api.md}
   * @param stagesMicros microseconds by stage
   */
  public void leased(String template, String served, Map<String, Long> stagesMicros) {
    stagesMicros.forEach(
        (stage, micros) -> stage(stage, served).record(micros, TimeUnit.MICROSECONDS));
    held(template);
  }

  /**
   * A lease is there that this service has not given.
   *
   * @param template whose
   */
  public void held(String template) {
    gauge(template).incrementAndGet();
  }

  /** A lease of an earlier service goes on. */
  public void adopted() {
    adopted.increment();
  }

  private Timer stage(String stage, String served) {
    return stages.computeIfAbsent(
        stage + '/' + served,
        _ ->
            Timer.builder(MetricNames.LEASE_STAGE)
                .description("Seconds a lease took, by stage; stage total is the whole")
                .tag(MetricNames.STAGE, stage)
                .tag(MetricNames.SERVED, served)
                .serviceLevelObjectives(BUCKETS)
                .register(registry));
  }

  private AtomicInteger gauge(String template) {
    return leased.computeIfAbsent(
        template,
        name -> {
          AtomicInteger count = new AtomicInteger();
          Gauge.builder(MetricNames.LEASED, count, AtomicInteger::get)
              .description("Leases held now")
              .tag(MetricNames.TEMPLATE, name)
              .register(registry);
          return count;
        });
  }

  /**
   * A lease ended.
   *
   * @param template whose
   * @param reason {@code released}, {@code expired} or {@code lost}
   */
  public void ended(String template, String reason) {
    gauge(template).decrementAndGet();
    count(MetricNames.LEASE_ENDED, "Leases that ended", MetricNames.REASON, reason);
  }

  /**
   * A request for a lease was refused or failed.
   *
   * @param code the error's
   */
  public void refused(String code) {
    count(MetricNames.LEASE_REFUSED, "Leases refused or failed", MetricNames.CODE, code);
  }

  /** An acquire was answered with the lease its key had already. */
  public void replayed() {
    replayed.increment();
  }

  /**
   * A record was written to the journal of leases.
   *
   * @param nanos it took
   */
  public void journaled(long nanos) {
    journalWrite.record(nanos, TimeUnit.NANOSECONDS);
  }

  /** The journal of leases could not be read, written or forced to disk. */
  public void journalFailed() {
    journalFailures.increment();
  }

  /** A host process was started. */
  public void hostStarted() {
    counters
        .computeIfAbsent(
            MetricNames.HOST_STARTS,
            name ->
                Counter.builder(name)
                    .description("Starts of host processes, the first included")
                    .register(registry))
        .increment();
  }

  /** A host process that was needed is gone. */
  public void hostLost() {
    counters
        .computeIfAbsent(
            MetricNames.HOST_LOSSES,
            name ->
                Counter.builder(name)
                    .description("Host processes that died or had to be killed")
                    .register(registry))
        .increment();
  }

  /**
   * A host process as it is.
   *
   * @param name of its place among those of the service, of which there is a bounded number
   * @param leased sandboxes, those being made and unmade included
   * @param parked sandboxes
   * @param shells empty VMs
   * @param rssBytes resident memory
   */
  public record Host(String name, int leased, int parked, int shells, long rssBytes) {}

  /**
   * What host processes there are; those not named are no longer shown.
   *
   * @param hosts all of them
   */
  public void hosts(Collection<Host> hosts) {
    List<MultiGauge.Row<?>> vms = new ArrayList<>();
    List<MultiGauge.Row<?>> resident = new ArrayList<>();
    for (Host host : hosts) {
      Tags tags = Tags.of(MetricNames.HOST, host.name());
      vms.add(MultiGauge.Row.of(tags.and(MetricNames.STATE, "leased"), host.leased()));
      vms.add(MultiGauge.Row.of(tags.and(MetricNames.STATE, "parked"), host.parked()));
      vms.add(MultiGauge.Row.of(tags.and(MetricNames.STATE, "shell"), host.shells()));
      resident.add(MultiGauge.Row.of(tags, host.rssBytes()));
    }
    hostVms.register(vms, true);
    hostResident.register(resident, true);
  }

  /**
   * A command ended.
   *
   * @param micros its wall time
   */
  public void executed(long micros) {
    exec.record(micros, TimeUnit.MICROSECONDS);
  }

  /**
   * What stands ready.
   *
   * @param shellCount empty VMs
   * @param parkedCount sandboxes
   */
  public void ready(int shellCount, int parkedCount) {
    shells.set(shellCount);
    parked.set(parkedCount);
  }

  /**
   * What the memory of a lease that ended had cost.
   *
   * @param template whose
   * @param minorFaults served from memory
   * @param majorFaults that waited for a disk
   * @param copiedBytes that became its own
   */
  public void memory(String template, long minorFaults, long majorFaults, long copiedBytes) {
    faults(template, "minor").record((double) minorFaults);
    faults(template, "major").record((double) majorFaults);
    summaries
        .computeIfAbsent(
            MetricNames.LEASE_COPIED + '/' + template,
            _ ->
                DistributionSummary.builder(MetricNames.LEASE_COPIED)
                    .description("Memory that became the own of leases that ended")
                    .baseUnit(BYTES)
                    .tag(MetricNames.TEMPLATE, template)
                    .register(registry))
        .record((double) copiedBytes);
  }

  private DistributionSummary faults(String template, String kind) {
    return summaries.computeIfAbsent(
        MetricNames.LEASE_FAULTS + '/' + kind + '/' + template,
        _ ->
            DistributionSummary.builder(MetricNames.LEASE_FAULTS)
                .description("Page faults of leases that ended")
                .tag(MetricNames.TEMPLATE, template)
                .tag(MetricNames.KIND, kind)
                .register(registry));
  }

  /**
   * The snapshots in use.
   *
   * @param byTemplate of each template; those left out are no longer shown
   */
  public void snapshots(Map<String, SnapshotUse> byTemplate) {
    resident.register(
        byTemplate.entrySet().stream()
            .filter(e -> e.getValue().residentShare().isPresent())
            .map(e ->
                MultiGauge.Row.of(template(e.getKey()), e.getValue().residentShare().getAsDouble()))
            .toList(),
        true);
    workingSet.register(
        byTemplate.entrySet().stream()
            .map(e -> MultiGauge.Row.of(template(e.getKey()), e.getValue().workingSetBytes()))
            .toList(),
        true);
  }

  private static Tags template(String name) {
    return Tags.of(MetricNames.TEMPLATE, name);
  }

  private void count(String name, String description, String label, String value) {
    counters
        .computeIfAbsent(
            name + '/' + value,
            _ ->
                Counter.builder(name).description(description).tag(label, value).register(registry))
        .increment();
  }

  /**
   * @return all of it, in Prometheus' text format
   */
  public String scrape() {
    return registry.scrape();
  }
}
