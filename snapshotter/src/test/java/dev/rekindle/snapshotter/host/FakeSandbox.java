package dev.rekindle.snapshotter.host;

import dev.rekindle.snapshotter.agent.ExecObserver;
import dev.rekindle.snapshotter.agent.ExecSession;
import dev.rekindle.snapshotter.host.protocol.HostRequest;
import java.io.ByteArrayOutputStream;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/** Lets the test play the guest: each exec waits in a queue for it. */
final class FakeSandbox implements Sandbox {
  final BlockingQueue<FakeExec> execs = new LinkedBlockingQueue<>();
  final CompletableFuture<Exit> exit = new CompletableFuture<>();
  private final AtomicInteger open;
  private final AtomicBoolean closed = new AtomicBoolean();

  FakeSandbox(AtomicInteger open) {
    this.open = open;
  }

  @Override
  public ExecSession exec(HostRequest.Exec command, ExecObserver observer) {
    FakeExec exec = new FakeExec(command, observer);
    execs.add(exec);
    return exec;
  }

  @Override
  public CompletableFuture<Exit> exited() {
    return exit;
  }

  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      open.decrementAndGet();
    }
  }

  static final class FakeExec implements ExecSession {
    final HostRequest.Exec command;
    final ExecObserver observer;
    final ByteArrayOutputStream stdin = new ByteArrayOutputStream();
    final CompletableFuture<Void> eof = new CompletableFuture<>();
    final CompletableFuture<Void> killed = new CompletableFuture<>();
    volatile boolean paused;

    FakeExec(HostRequest.Exec command, ExecObserver observer) {
      this.command = command;
      this.observer = observer;
    }

    @Override
    public synchronized void stdin(byte[] bytes) {
      stdin.writeBytes(bytes);
    }

    @Override
    public void stdinEof() {
      eof.complete(null);
    }

    @Override
    public void pauseOutput() {
      paused = true;
    }

    @Override
    public void resumeOutput() {
      paused = false;
    }

    @Override
    public void kill() {
      killed.complete(null);
    }
  }
}
