package dev.rekindle.vmm.probe;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("kvm")
class KvmProbeIT {
  @Test
  void shouldMeasureTheGuestWhenKvmIsThere() {
    KvmProbe probe = KvmProbe.run();

    assertThat(probe.problem()).isNull();
    assertThat(probe.usable()).isTrue();
    assertThat(probe.instructionsPerSecond()).isGreaterThan(100_000);
  }
}
