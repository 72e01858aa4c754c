package dev.rekindle.snapshotter.restore;

import dev.rekindle.snapshotter.agent.CloneIdentity;
import dev.rekindle.snapshotter.agent.CloneNames;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Lets a restored VM run and makes it unique, or destroys it: there is no third way out. The order
 * follows from what the guest may see: the generation id is new before its first instruction, its
 * connections are gone before the first of ours. The reset is sent to the running guest, since a
 * paused device takes nothing.
 */
public final class Uniqueness {
  private final Duration agentTimeout;
  private final Duration identityTimeout;

  /**
   * @param agentTimeout until the agent has answered
   * @param identityTimeout until the agent has confirmed the identity
   */
  public Uniqueness(Duration agentTimeout, Duration identityTimeout) {
    this.agentTimeout = agentTimeout;
    this.identityTimeout = identityTimeout;
  }

  /**
   * Runs the stages {@code resume}, {@code agent} and {@code identity}. Blocks.
   *
   * @param vm restored, not yet resumed; destroyed if this throws
   * @param names of the clone
   * @param clock told of the stages
   * @return the VM generation id it was given, for {@link #claim}
   * @throws RestoreException {@code sandbox.agent_timeout}, {@code sandbox.not_unique} or {@code
   *     sandbox.exited}
   */
  public byte[] establish(RestoredVm vm, CloneNames names, StageClock clock)
      throws RestoreException {
    boolean unique = false;
    try {
      byte[] generationId = vm.renewGenerationId();
      CloneIdentity identity = CloneIdentity.fresh(names, generationId);
      vm.resume();
      vm.resetConnections();
      clock.stage("resume");
      await(vm, vm.reach(agentTimeout), agentTimeout, "sandbox.agent_timeout", "agent");
      clock.stage("agent");
      identify(vm, identity, clock);
      unique = true;
      return generationId;
    } catch (RuntimeException e) {
      throw new RestoreException(
          "sandbox.not_unique", "making the clone unique: " + e, vm.consoleTail(), e);
    } finally {
      if (!unique) {
        vm.close();
      }
    }
  }

  /**
   * Lets a parked VM run again under the names of whoever leases it, with fresh entropy and the
   * right time: the stages {@code resume} and {@code identity}. Blocks.
   *
   * @param vm made unique before and paused since; destroyed if this throws
   * @param names of the lease
   * @param generationId of {@link #establish}
   * @param clock told of the stages
   * @throws RestoreException {@code sandbox.agent_timeout}, {@code sandbox.not_unique} or {@code
   *     sandbox.exited}
   */
  public void claim(RestoredVm vm, CloneNames names, byte[] generationId, StageClock clock)
      throws RestoreException {
    boolean unique = false;
    try {
      vm.resume();
      clock.stage("resume");
      identify(vm, CloneIdentity.fresh(names, generationId), clock);
      unique = true;
    } catch (RuntimeException e) {
      throw new RestoreException(
          "sandbox.not_unique", "naming a parked clone: " + e, vm.consoleTail(), e);
    } finally {
      if (!unique) {
        vm.close();
      }
    }
  }

  private void identify(RestoredVm vm, CloneIdentity identity, StageClock clock)
      throws RestoreException {
    await(
        vm,
        vm.identity(identity, identityTimeout),
        identityTimeout,
        "sandbox.not_unique",
        "identity");
    clock.stage("identity");
  }

  private static void await(
      RestoredVm vm, CompletableFuture<Void> step, Duration timeout, String code, String what)
      throws RestoreException {
    try {
      // The step has its own timeout; this one is against a step that forgets it.
      CompletableFuture.anyOf(step, vm.exited())
          .get(timeout.toMillis() + 1000, TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      throw silent(vm, timeout, what, e);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof TimeoutException) {
        throw silent(vm, timeout, what, e);
      }
      throw new RestoreException(code, what + ": " + e.getCause(), vm.consoleTail(), e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new RestoreException(code, what + ": interrupted", vm.consoleTail(), e);
    } finally {
      step.cancel(false);
    }
    if (step.isCancelled()) {
      throw new RestoreException(
          "sandbox.exited",
          "the guest stopped during " + what + ": " + vm.exited().join(),
          vm.consoleTail(),
          null);
    }
  }

  private static RestoreException silent(
      RestoredVm vm, Duration timeout, String what, Exception cause) {
    return new RestoreException(
        "sandbox.agent_timeout",
        what + ": no answer in " + timeout + " (" + cause.getMessage() + ")",
        vm.consoleTail(),
        cause);
  }
}
