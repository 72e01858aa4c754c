package dev.rekindle.pool.jail;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * A program in a pid namespace, where it is process 1, behind the bubblewrap outside that waits for
 * it. Its number and the signals are the program's, as this machine's kernel counts; streams, end
 * and exit code come through bubblewrap, which would pass no signal on and would die alone.
 */
final class JailedProcess extends Process {
  private static final long APPEARS_NANOS = TimeUnit.SECONDS.toNanos(10);

  private final Process outer;
  private final ProcessHandle inner;

  private JailedProcess(Process outer, ProcessHandle inner) {
    this.outer = outer;
    this.inner = inner;
  }

  /**
   * Waits until bubblewrap has made the namespace's first process.
   *
   * @throws IOException if it ended instead
   */
  static JailedProcess inside(Process outer) throws IOException {
    long giveUp = System.nanoTime() + APPEARS_NANOS;
    while (true) {
      Optional<ProcessHandle> inner = outer.children().findFirst();
      if (inner.isPresent()) {
        return new JailedProcess(outer, inner.get());
      }
      if (!outer.isAlive() || System.nanoTime() > giveUp) {
        outer.destroyForcibly();
        throw new IOException("bubblewrap started nothing; the host process's log says why");
      }
      pause();
    }
  }

  private static void pause() throws IOException {
    try {
      Thread.sleep(1);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }

  @Override
  public OutputStream getOutputStream() {
    return outer.getOutputStream();
  }

  @Override
  public InputStream getInputStream() {
    return outer.getInputStream();
  }

  @Override
  public InputStream getErrorStream() {
    return outer.getErrorStream();
  }

  @Override
  public int waitFor() throws InterruptedException {
    return outer.waitFor();
  }

  @Override
  public boolean waitFor(long timeout, TimeUnit unit) throws InterruptedException {
    return outer.waitFor(timeout, unit);
  }

  @Override
  public CompletableFuture<Process> onExit() {
    return outer.onExit().thenApply(_ -> this);
  }

  @Override
  public int exitValue() {
    return outer.exitValue();
  }

  @Override
  public boolean isAlive() {
    return outer.isAlive();
  }

  @Override
  public void destroy() {
    inner.destroy();
  }

  /** Ends the whole namespace: the kernel kills all in it with its first process. */
  @Override
  public Process destroyForcibly() {
    inner.destroyForcibly();
    return this;
  }

  @Override
  public boolean supportsNormalTermination() {
    return true;
  }

  @Override
  public long pid() {
    return inner.pid();
  }

  @Override
  public ProcessHandle toHandle() {
    return inner;
  }

  @Override
  public ProcessHandle.Info info() {
    return inner.info();
  }
}
