package dev.rekindle.snapshotter.template;

import com.fasterxml.jackson.databind.JsonNode;
import dev.rekindle.snapshotter.format.Manifest;
import dev.rekindle.snapshotter.format.SnapshotException;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * From a VM that was just started to a published template: wait for the agent, warm up, snapshot,
 * publish. Every wait is bounded and ends early if the guest stops. The VM is destroyed in any
 * case.
 */
public final class TemplateBuild {
  /**
   * What came of it.
   *
   * @param template the new generation
   * @param manifest of its snapshot
   */
  public record Result(Template template, Manifest manifest) {}

  private static final String PANIC = "Kernel panic";

  /**
   * What the console has once user space runs: the kernel's word, unless it is quiet, or the
   * agent's.
   */
  private static final List<String> USER_SPACE = List.of("as init process", "rekindle-agent: ");

  private final TemplateStore store;
  private final BuildProgress progress;
  private final Duration bootTimeout;
  private final Duration warmupTimeout;

  /**
   * @param store where to publish
   * @param progress told of the stages
   * @param bootTimeout until the agent has answered
   * @param warmupTimeout for each warm-up command
   */
  public TemplateBuild(
      TemplateStore store, BuildProgress progress, Duration bootTimeout, Duration warmupTimeout) {
    this.store = store;
    this.progress = progress;
    this.bootTimeout = bootTimeout;
    this.warmupTimeout = warmupTimeout;
  }

  /**
   * Blocks until the template is published or failed.
   *
   * @param name of the template
   * @param recipe it is built from, as given
   * @param warmup commands to run before the snapshot
   * @param vm started; closed here
   * @return the result
   * @throws BuildException {@code template.boot_timeout}, {@code template.kernel_panic}, {@code
   *     template.agent_missing}, {@code template.warmup_failed}, {@code snapshot.*}
   */
  public Result run(String name, JsonNode recipe, List<List<String>> warmup, BuildVm vm)
      throws BuildException {
    try (vm) {
      awaitAgent(vm);
      for (int i = 0; i < warmup.size(); i++) {
        progress.report("warmup", 100 * i / warmup.size(), String.join(" ", warmup.get(i)));
        warmUp(vm, warmup.get(i));
      }
      progress.report("warmup", 100, "");
      progress.report("capture", 0, "");
      String snapshotId = TemplateName.newSnapshotId(name);
      Manifest manifest = vm.capture(snapshotId, name);
      progress.report("capture", 100, manifest.memory().dataBytes() / (1 << 20) + " MiB of memory");
      progress.report("publish", 0, "");
      Template template = publish(name, recipe, snapshotId);
      progress.report("publish", 100, "generation " + template.generation());
      return new Result(template, manifest);
    } catch (SnapshotException e) {
      throw new BuildException(e.code(), e.getMessage(), null, e);
    }
  }

  private Template publish(String name, JsonNode recipe, String snapshotId) throws BuildException {
    try {
      return store.publish(name, recipe, snapshotId);
    } catch (IOException e) {
      try {
        store.removeSnapshot(snapshotId);
      } catch (IOException suppressed) {
        e.addSuppressed(suppressed);
      }
      throw new BuildException("template.publish_failed", e.toString(), null, e);
    }
  }

  private void awaitAgent(BuildVm vm) throws BuildException {
    progress.report("boot", 0, "waiting for the guest's agent");
    CompletableFuture<Void> hello = vm.hello(bootTimeout);
    try {
      // The hello has its own timeout; this one is against a hello that forgets it.
      CompletableFuture.anyOf(hello, vm.exited())
          .get(bootTimeout.toMillis() + 1000, TimeUnit.MILLISECONDS);
    } catch (TimeoutException | ExecutionException e) {
      throw neverReady(vm, e);
    } catch (InterruptedException e) {
      throw interrupted(e);
    } finally {
      hello.cancel(false);
    }
    if (hello.isCancelled()) {
      throw stopped(vm, "while it booted");
    }
    progress.report("boot", 100, "agent is there");
  }

  private BuildException neverReady(BuildVm vm, Exception cause) {
    String console = vm.consoleTail();
    if (console.contains(PANIC)) {
      return new BuildException(
          "template.kernel_panic", "the guest's kernel panicked while it booted", console, cause);
    }
    String within = " within " + bootTimeout.toSeconds() + " s";
    if (USER_SPACE.stream().anyMatch(console::contains)) {
      return new BuildException(
          "template.agent_missing",
          "the guest's kernel is up but its agent did not answer" + within,
          console,
          cause);
    }
    return new BuildException(
        "template.boot_timeout", "the guest did not boot" + within, console, cause);
  }

  private void warmUp(BuildVm vm, List<String> argv) throws BuildException {
    CompletableFuture<BuildVm.Ended> run = vm.run(argv, warmupTimeout);
    String command = String.join(" ", argv);
    try {
      CompletableFuture.anyOf(run, vm.exited())
          .get(warmupTimeout.toMillis() + 10_000, TimeUnit.MILLISECONDS);
    } catch (TimeoutException | ExecutionException e) {
      Throwable reason = e instanceof ExecutionException ? e.getCause() : e;
      throw new BuildException(
          "template.warmup_failed", command + ": " + reason, vm.consoleTail(), e);
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
    if (!run.isDone()) {
      throw stopped(vm, "during " + command);
    }
    BuildVm.Ended ended = run.join();
    if (!ended.successful()) {
      String how =
          ended.timedOut()
              ? "ran longer than " + warmupTimeout.toSeconds() + " s"
              : ended.signal() != 0
                  ? "was ended by signal " + ended.signal()
                  : "exited with " + ended.exitCode();
      throw new BuildException(
          "template.warmup_failed",
          command + " " + how + ": " + ended.outputTail(),
          vm.consoleTail(),
          null);
    }
  }

  private static BuildException stopped(BuildVm vm, String when) {
    return new BuildException(
        "template.kernel_panic",
        "the guest stopped " + when + ": " + vm.exited().join(),
        vm.consoleTail(),
        null);
  }

  private static BuildException interrupted(InterruptedException e) {
    Thread.currentThread().interrupt();
    return new BuildException("template.canceled", "the build was interrupted", null, e);
  }
}
