package dev.rekindle.pool.hostclient;

import dev.rekindle.snapshotter.agent.ExecObserver;
import dev.rekindle.snapshotter.agent.ExecSession;
import dev.rekindle.snapshotter.host.protocol.HostException;
import dev.rekindle.snapshotter.host.protocol.HostReply;
import dev.rekindle.snapshotter.host.protocol.HostRequest;
import dev.rekindle.snapshotter.host.protocol.StreamKind;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Arrays;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/** A command as a process of this machine; what a guest's agent does, without the guest. */
final class LocalCommand implements ExecSession {
  private static final byte[] EOF = new byte[0];

  private final ExecObserver observer;

  /** Held while the observer is told, one call at a time; never by a method of the session. */
  private final Object telling = new Object();

  private final BlockingQueue<byte[]> stdin = new LinkedBlockingQueue<>();
  private final HostRequest.Exec command;
  private Process process;
  private boolean paused;
  private boolean killed;

  private LocalCommand(HostRequest.Exec command, ExecObserver observer) {
    this.command = command;
    this.observer = observer;
  }

  static LocalCommand start(HostRequest.Exec command, ExecObserver observer) {
    LocalCommand started = new LocalCommand(command, observer);
    Thread.ofPlatform().name("command").start(started::run);
    return started;
  }

  private void run() {
    try {
      Process running = begin();
      if (running == null) {
        return;
      }
      tell(() -> observer.started(running.pid()));
      Thread in = Thread.ofPlatform().name("command-stdin").start(() -> feed(running));
      Thread err =
          Thread.ofPlatform()
              .name("command-stderr")
              .start(() -> drain(running.getErrorStream(), StreamKind.STDERR));
      drain(running.getInputStream(), StreamKind.STDOUT);
      err.join();
      int code = running.waitFor();
      in.interrupt();
      in.join();
      tell(() ->
          observer.ended(
              new HostReply.Exec(
                  code > 128 ? -1 : code,
                  Math.max(0, code - 128),
                  false,
                  isHungry(),
                  1,
                  1,
                  1,
                  false)));
    } catch (IOException e) {
      tell(() -> observer.failed(new HostException("exec.not_found", command.argv().getFirst())));
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private synchronized Process begin() throws IOException {
    if (!killed) {
      process = new ProcessBuilder(command.argv()).start();
    }
    return process;
  }

  private void tell(Runnable call) {
    synchronized (telling) {
      if (!isKilled()) {
        call.run();
      }
    }
  }

  private synchronized boolean isKilled() {
    return killed;
  }

  /** An environment variable stands for what only a kernel can find out. */
  private boolean isHungry() {
    return command.env().containsKey("OUT_OF_MEMORY");
  }

  // The end is this very array, whatever bytes come.
  @SuppressWarnings("ReferenceEquality")
  private void feed(Process running) {
    try (OutputStream out = running.getOutputStream()) {
      for (byte[] bytes = stdin.take(); bytes != EOF; bytes = stdin.take()) {
        out.write(bytes);
        out.flush();
        int taken = bytes.length;
        tell(() -> observer.stdinTaken(taken));
      }
    } catch (IOException | InterruptedException e) {
      // The command has ended or reads no more.
      Thread.currentThread().interrupt();
    }
  }

  private void drain(InputStream in, StreamKind stream) {
    byte[] buffer = new byte[16_384];
    try (in) {
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        byte[] bytes = Arrays.copyOf(buffer, n);
        awaitCredit();
        tell(() -> observer.output(stream, bytes));
      }
    } catch (IOException | InterruptedException e) {
      // Killed.
      Thread.currentThread().interrupt();
    }
  }

  private synchronized void awaitCredit() throws InterruptedException {
    while (paused && !killed) {
      wait();
    }
  }

  @Override
  public void stdin(byte[] bytes) {
    stdin.add(bytes);
  }

  @Override
  public void stdinEof() {
    stdin.add(EOF);
  }

  @Override
  public synchronized void pauseOutput() {
    paused = true;
  }

  @Override
  public synchronized void resumeOutput() {
    paused = false;
    notifyAll();
  }

  @Override
  public synchronized void kill() {
    killed = true;
    notifyAll();
    if (process != null) {
      process.destroyForcibly();
    }
  }
}
