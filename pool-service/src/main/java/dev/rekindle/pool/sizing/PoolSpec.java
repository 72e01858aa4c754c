package dev.rekindle.pool.sizing;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.rekindle.snapshotter.host.protocol.HostRequest;
import java.util.List;

/**
 * What an operator wants of a pool. Every field may be left out.
 *
 * @param parked sandboxes kept ready, restored and warmed
 * @param shells VMs kept ready, empty
 * @param memoryBudgetMib memory of leased and parked sandboxes together; 0 for no limit
 * @param vcpuBudget vCPUs of leased and parked sandboxes together; 0 for no limit
 * @param recycle what becomes of a sandbox's VM
 * @param warmUp command each parked sandbox has run; empty for none
 * @param target what the counts are to achieve; null keeps the minima
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record PoolSpec(
    Range parked,
    Range shells,
    Integer memoryBudgetMib,
    Integer vcpuBudget,
    HostRequest.Recycle recycle,
    List<String> warmUp,
    Target target) {
  /** What a template has for which nothing was said. */
  public static final PoolSpec NONE =
      new PoolSpec(null, null, 0, 0, HostRequest.Recycle.TENANT, List.of(), null);

  /**
   * Counts.
   *
   * @param min kept whatever the demand, {@code [0, 1024]}; 0 if left out
   * @param max never exceeded, {@code [min, 1024]}; as min if left out
   */
  public record Range(Integer min, Integer max) {
    static final Range NONE = new Range(0, 0);

    /** Checks the order. */
    public Range {
      min = min == null ? Integer.valueOf(0) : min;
      max = max == null ? min : max;
      if (min < 0 || max < min || max > HostRequest.Pool.MAX_COUNT) {
        throw new IllegalArgumentException(
            "must be 0 <= min <= max <= "
                + HostRequest.Pool.MAX_COUNT
                + ", got "
                + min
                + " and "
                + max);
      }
    }

    int clamp(double value) {
      return (int) Math.min(max, Math.max(min, Math.ceil(value)));
    }
  }

  /**
   * One of the two.
   *
   * @param missRate part of the acquires that may find nothing parked, {@code (0, 1)}
   * @param acquireP99Micros the 99th percentile of an acquire, service time without the queue
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Target(Double missRate, Long acquireP99Micros) {
    /** Checks that exactly one is given. */
    public Target {
      if ((missRate == null) == (acquireP99Micros == null)) {
        throw new IllegalArgumentException("target must have missRate or acquireP99Micros");
      }
      if (missRate != null && !(missRate > 0 && missRate < 1)) {
        throw new IllegalArgumentException("missRate must be in (0, 1), got " + missRate);
      }
      if (acquireP99Micros != null && acquireP99Micros < 1) {
        throw new IllegalArgumentException(
            "acquireP99Micros must be 1 or more, got " + acquireP99Micros);
      }
    }
  }

  /** Fills in what was left out and checks the rest. */
  public PoolSpec {
    parked = parked == null ? Range.NONE : parked;
    shells = shells == null ? Range.NONE : shells;
    recycle = recycle == null ? HostRequest.Recycle.TENANT : recycle;
    warmUp = warmUp == null ? List.of() : List.copyOf(warmUp);
    memoryBudgetMib = memoryBudgetMib == null ? Integer.valueOf(0) : memoryBudgetMib;
    vcpuBudget = vcpuBudget == null ? Integer.valueOf(0) : vcpuBudget;
    if (memoryBudgetMib < 0 || vcpuBudget < 0) {
      throw new IllegalArgumentException(
          "budgets must be 0 or more, got " + memoryBudgetMib + " and " + vcpuBudget);
    }
  }

  /**
   * How many sandboxes the budgets allow, leased and parked together.
   *
   * @param memoryMib of one
   * @param vcpus of one
   * @return {@link Integer#MAX_VALUE} without budgets
   */
  public int places(int memoryMib, int vcpus) {
    int byMemory = memoryBudgetMib == 0 ? Integer.MAX_VALUE : memoryBudgetMib / memoryMib;
    int byVcpus = vcpuBudget == 0 ? Integer.MAX_VALUE : vcpuBudget / vcpus;
    return Math.min(byMemory, byVcpus);
  }
}
