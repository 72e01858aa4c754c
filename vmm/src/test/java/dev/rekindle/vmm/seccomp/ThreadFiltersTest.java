package dev.rekindle.vmm.seccomp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.rekindle.vmm.seccomp.TestProcess.Outcome;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Each in a process of its own: a filter is for good. */
class ThreadFiltersTest {
  @ParameterizedTest
  @CsvSource({
    "PROCESS, run-a-program",
    "PROCESS, make-a-link",
    "PROCESS, make-a-file",
    "PROCESS, other-ioctl",
    "DEVICE_LOOP, write-a-file",
    "DEVICE_LOOP, make-a-thread",
    "DEVICE_LOOP, kvm-run",
    "VCPU, write-a-file",
    "VCPU, make-a-thread",
    "VCPU, kvm-create-vm",
  })
  void shouldKillTheProcessWhenAThreadCallsWhatItMayNot(ThreadKind kind, String action)
      throws Exception {
    Outcome outcome = run("kill", kind, action);

    assertThat(outcome).isEqualTo(new Outcome(TestProcess.KILLED, ""));
  }

  @ParameterizedTest
  @EnumSource(ThreadKind.class)
  void shouldLetAThreadCollectGarbageLockAndSleep(ThreadKind kind) throws Exception {
    Outcome outcome = run("kill", kind, "nothing");

    assertThat(outcome).isEqualTo(new Outcome(0, "done nothing 2000\nmain true\n"));
  }

  @ParameterizedTest
  @CsvSource({"VCPU, kvm-run", "PROCESS, kvm-create-vm"})
  void shouldLetTheAllowedRequestThroughToTheKernel(ThreadKind kind, String action)
      throws Exception {
    Outcome outcome = run("kill", kind, action);

    assertThat(outcome.output()).contains("ENOTTY").endsWith("main true\n");
    assertThat(outcome.exitCode()).isZero();
  }

  @Test
  void shouldAnswerThatThereIsNoInternet() throws Exception {
    Outcome outcome = run("kill", ThreadKind.PROCESS, "use-the-internet");

    assertThat(outcome.output())
        .contains("Address family not supported by protocol")
        .endsWith("main true\n");
  }

  @Test
  void shouldOnlyLogWhenToldSo() throws Exception {
    Outcome outcome = run("log", ThreadKind.VCPU, "make-a-thread");

    assertThat(outcome.output()).startsWith("done made ").endsWith("main true\n");
    assertThat(outcome.exitCode()).isZero();
  }

  @Test
  void shouldDoNothingWhenOff() throws Exception {
    Outcome outcome = run("off", ThreadKind.PROCESS, "run-a-program");

    assertThat(outcome).isEqualTo(new Outcome(0, "done ran 0\nmain true\n"));
  }

  @Test
  void shouldRefuseAThreadTheListOfItsProcess() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ThreadFilters.none().confineThread(ThreadKind.PROCESS));
  }

  private static Outcome run(String mode, ThreadKind kind, String action) throws Exception {
    return TestProcess.run(ConfinedMain.class, mode, kind.name(), action);
  }
}
