package dev.rekindle.metrics;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * What the service counts, behind methods that say what happened. Thread: any. Labels are bounded:
 * a template's name is only used for templates that exist, codes and stages come from closed sets.
 */
public final class ServiceMetrics {
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
  private final Timer exec;

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
    exec =
        Timer.builder(MetricNames.EXEC)
            .description("Seconds a command ran in a sandbox, by the guest's clock")
            .serviceLevelObjectives(BUCKETS)
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
    gauge(template).incrementAndGet();
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
