package dev.rekindle.bench.micro;

import dev.rekindle.metrics.ServiceMetrics;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** What a lease pays for its metrics: every stage of a parked one counted, and its end. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class MetricsBenchmark {
  private final ServiceMetrics metrics = new ServiceMetrics();
  private final Map<String, Long> stages = new LinkedHashMap<>();

  /** A parked lease's stages. */
  public MetricsBenchmark() {
    stages.put("queue", 1L);
    stages.put("placement", 2L);
    stages.put("socket", 180L);
    stages.put("resume", 17L);
    stages.put("identity", 665L);
    stages.put("total", 930L);
  }

  /** One lease, given and ended. */
  @Benchmark
  public void lease() {
    metrics.leased("python", "parked", stages);
    metrics.ended("python", "released");
  }
}
