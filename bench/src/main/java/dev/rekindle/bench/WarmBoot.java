package dev.rekindle.bench;

import dev.rekindle.vmm.machine.BootConfig;
import dev.rekindle.vmm.machine.KvmHost;
import dev.rekindle.vmm.machine.MicroVm;
import dev.rekindle.vmm.machine.Shape;
import dev.rekindle.vmm.machine.Shell;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.IntConsumer;

/** Ours in a process that runs already, as a host process does: from no VM at all. */
final class WarmBoot implements BootWay {
  /** A guest that is not there by then never will be; the lab's take six seconds. */
  static final long DEADLINE_SECONDS = 120;

  private final KvmHost host;
  private final BootGuest guest;

  WarmBoot(KvmHost host, BootGuest guest) {
    this.host = host;
    this.guest = guest;
  }

  @Override
  public long bootNanos() {
    LineWatch watch = new LineWatch(BootGuest.INIT_LINE);
    CompletableFuture<Long> line = new CompletableFuture<>();
    long began = System.nanoTime();
    boot(b -> {
      if (watch.accept(b)) {
        line.complete(System.nanoTime());
      }
    });
    if (!line.isDone()) {
      throw new IllegalStateException("init's line never came; the console:\n" + watch.tail());
    }
    return line.join() - began;
  }

  /**
   * Boots it and waits until it has ended.
   *
   * @param console gets every byte of the serial port's, on the vCPU's thread
   */
  void boot(IntConsumer console) {
    Shell shell = Shell.build(host, new Shape((long) guest.memoryMib() << 20, 1, List.of()));
    BootConfig config =
        new BootConfig(
            guest.kernel(), Optional.of(guest.initramfs()), guest.commandLine(), List.of());
    MicroVm vm;
    try {
      vm = MicroVm.boot(shell, config);
    } catch (RuntimeException e) {
      shell.close();
      throw e;
    }
    try (vm) {
      vm.console().follow(console);
      vm.resume();
      vm.exited().get(DEADLINE_SECONDS, TimeUnit.SECONDS);
    } catch (ExecutionException | TimeoutException e) {
      throw new IllegalStateException("no end; the console:\n" + vm.console().text(2048), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}
