package dev.rekindle.vmm.machine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rekindle.vmm.seccomp.TestProcess;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The filters on the threads of a real machine. */
@Tag("kvm")
@Timeout(120)
class ConfinedGuestIT {
  @Test
  void shouldRunAGuest() throws Exception {
    TestProcess.Outcome outcome = TestProcess.run(ConfinedGuestMain.class, "nothing");

    assertThat(outcome).isEqualTo(new TestProcess.Outcome(0, "done\n"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"vcpu", "loop"})
  void shouldDieWhenTheThreadOpensAFileForWriting(String thread) throws Exception {
    TestProcess.Outcome outcome = TestProcess.run(ConfinedGuestMain.class, thread);

    assertThat(outcome).isEqualTo(new TestProcess.Outcome(TestProcess.KILLED, ""));
  }
}
