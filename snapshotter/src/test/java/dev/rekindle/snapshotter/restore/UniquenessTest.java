package dev.rekindle.snapshotter.restore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rekindle.snapshotter.agent.CloneIdentity;
import dev.rekindle.snapshotter.agent.CloneNames;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(10)
class UniquenessTest {
  private static final Duration SHORT = Duration.ofMillis(20);
  private static final CloneNames NAMES = new CloneNames("h", "0".repeat(32), "l");

  private final FakeVm vm = new FakeVm();
  private final StageClock clock = new StageClock();
  private final Uniqueness uniqueness = new Uniqueness(SHORT, SHORT);

  @Test
  void shouldChangeTheGenerationBeforeTheFirstInstruction() throws Exception {
    vm.reached.complete(null);
    vm.identity.complete(null);

    uniqueness.establish(vm, NAMES, clock);

    assertThat(vm.calls).containsExactly("generation", "resume", "reset", "reach", "identity");
    assertThat(clock.micros()).containsOnlyKeys("resume", "agent", "identity");
  }

  @Test
  void shouldDestroyWhenTheAgentDoesNotAnswer() {
    vm.reached.completeExceptionally(new TimeoutException("no answer"));

    assertRefused("sandbox.agent_timeout");

    assertThat(vm.calls).endsWith("close").doesNotContain("identity");
  }

  @Test
  void shouldDestroyWhenAStepForgetsItsTimeout() {
    assertRefused("sandbox.agent_timeout");

    assertThat(vm.calls).endsWith("close");
  }

  @Test
  void shouldDestroyWhenTheIdentityWasNotTaken() {
    vm.reached.complete(null);
    vm.identity.completeExceptionally(new IllegalStateException("no entropy"));

    assertRefused("sandbox.not_unique");

    assertThat(vm.calls).endsWith("close");
  }

  @Test
  void shouldTellAnAgentThatIsSilentFromOneThatRefuses() {
    vm.reached.complete(null);
    vm.identity.completeExceptionally(new TimeoutException("no answer"));

    assertRefused("sandbox.agent_timeout");

    assertThat(vm.calls).endsWith("close");
  }

  @Test
  void shouldDestroyWhenTheGenerationCannotBeWritten() {
    vm.failure = new IllegalStateException("page is elsewhere");

    assertRefused("sandbox.not_unique");

    assertThat(vm.calls).containsExactly("generation", "close");
  }

  @Test
  void shouldTellThatTheGuestStopped() {
    vm.exited.complete("reboot");

    assertThatThrownBy(() -> uniqueness.establish(vm, NAMES, clock))
        .hasMessageContaining("reboot")
        .isInstanceOfSatisfying(
            RestoreException.class,
            e -> {
              assertThat(e.code()).isEqualTo("sandbox.exited");
              assertThat(e.consoleTail()).isEqualTo("panic");
            });
    assertThat(vm.calls).endsWith("close");
  }

  @Test
  void shouldGiveEachCloneItsOwnRandomnessAndNeverPrintIt() {
    CloneIdentity one = CloneIdentity.fresh(NAMES, new byte[16]);
    CloneIdentity other = CloneIdentity.fresh(NAMES, new byte[16]);

    assertThat(one.entropy()).hasSize(64).isNotEqualTo(other.entropy());
    assertThat(one).hasToString("CloneIdentity[" + NAMES + "]");
  }

  private void assertRefused(String code) {
    assertThatThrownBy(() -> uniqueness.establish(vm, NAMES, clock))
        .isInstanceOfSatisfying(RestoreException.class, e -> assertThat(e.code()).isEqualTo(code));
  }

  private static final class FakeVm implements RestoredVm {
    private final List<String> calls = new ArrayList<>();
    private final CompletableFuture<Void> reached = new CompletableFuture<>();
    private final CompletableFuture<Void> identity = new CompletableFuture<>();
    private final CompletableFuture<String> exited = new CompletableFuture<>();
    private RuntimeException failure;

    @Override
    public byte[] renewGenerationId() {
      calls.add("generation");
      if (failure != null) {
        throw failure;
      }
      return new byte[16];
    }

    @Override
    public void resetConnections() {
      calls.add("reset");
    }

    @Override
    public void resume() {
      calls.add("resume");
    }

    @Override
    public CompletableFuture<Void> reach(Duration timeout) {
      calls.add("reach");
      return reached;
    }

    @Override
    public CompletableFuture<Void> identity(CloneIdentity given, Duration timeout) {
      calls.add("identity");
      return identity;
    }

    @Override
    public CompletableFuture<String> exited() {
      return exited;
    }

    @Override
    public String consoleTail() {
      return "panic";
    }

    @Override
    public void close() {
      calls.add("close");
    }
  }
}
