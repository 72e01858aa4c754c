package dev.rekindle.snapshotter.agent;

import dev.rekindle.snapshotter.host.protocol.HostException;
import dev.rekindle.snapshotter.host.protocol.HostReply;
import dev.rekindle.snapshotter.host.protocol.HostRequest;
import dev.rekindle.snapshotter.host.protocol.StreamKind;
import dev.rekindle.vmm.virtio.vsock.VsockCloseReason;
import dev.rekindle.vmm.virtio.vsock.VsockListener;

/**
 * One command on one connection. Callbacks come on the device loop; the session's methods from any
 * thread. Closing the connection is what kills the command.
 */
final class AgentExec implements ExecSession, VsockListener {
  private final ExecObserver observer;
  private final AgentFrames frames = new AgentFrames();
  private AgentTransport.Connection connection;
  private int untakenStdinBytes;
  private boolean over;

  private AgentExec(ExecObserver observer) {
    this.observer = observer;
  }

  static AgentExec start(
      AgentTransport transport, HostRequest.Exec command, ExecObserver observer) {
    AgentExec exec = new AgentExec(observer);
    byte[] request;
    try {
      request = AgentFrames.exec(command);
    } catch (IllegalArgumentException e) {
      exec.over = true;
      observer.failed(new HostException("exec.invalid", e.getMessage()));
      return exec;
    }
    AgentTransport.Connection opened = transport.connect(exec);
    synchronized (exec) {
      exec.connection = opened;
    }
    opened.send(request);
    opened.onDrained(exec::drained);
    return exec;
  }

  @Override
  public void stdin(byte[] bytes) {
    AgentTransport.Connection opened = open();
    if (opened == null || bytes.length == 0) {
      return;
    }
    synchronized (this) {
      untakenStdinBytes += bytes.length;
    }
    AgentFrames.stdin(bytes).forEach(opened::send);
    // Set anew, so that it is called even if the queue was empty all the time between.
    opened.onDrained(this::drained);
  }

  @Override
  public void stdinEof() {
    AgentTransport.Connection opened = open();
    if (opened != null) {
      opened.send(AgentFrames.stdinEof());
    }
  }

  @Override
  public void pauseOutput() {
    AgentTransport.Connection opened = open();
    if (opened != null) {
      opened.pauseReading();
    }
  }

  @Override
  public void resumeOutput() {
    AgentTransport.Connection opened = open();
    if (opened != null) {
      opened.resumeReading();
    }
  }

  @Override
  public void kill() {
    finish();
  }

  @Override
  public void onData(byte[] data) {
    try {
      for (AgentFrames.Reply reply : frames.feed(data)) {
        if (open() == null) {
          return;
        }
        take(reply);
      }
    } catch (AgentFrames.MalformedException e) {
      fail(new HostException("agent.protocol", "the guest's agent sent " + e.getMessage()));
    }
  }

  @Override
  public void onClosed(VsockCloseReason reason) {
    fail(
        new HostException(
            "exec.connection_lost", "the connection to the guest's agent ended: " + reason));
  }

  private void take(AgentFrames.Reply reply) {
    switch (reply) {
      case AgentFrames.Reply.Started(long pid) -> observer.started(pid);
      case AgentFrames.Reply.Output(boolean stderr, byte[] bytes) ->
          observer.output(stderr ? StreamKind.STDERR : StreamKind.STDOUT, bytes);
      case AgentFrames.Reply.Exit exit -> {
        if (finish()) {
          observer.ended(
              new HostReply.Exec(
                  exit.exitCode(),
                  exit.signal(),
                  exit.timedOut(),
                  exit.outOfMemory(),
                  exit.wallMicros(),
                  exit.cpuMicros(),
                  exit.maxRssBytes(),
                  false));
        }
      }
      case AgentFrames.Reply.Failed(String code, String message) ->
          fail(new HostException(code, message));
      case AgentFrames.Reply.HelloOk _,
          AgentFrames.Reply.IdentityOk _,
          AgentFrames.Reply.Unknown _ -> {
        // Not for a command; a later agent may say more than this version understands.
      }
    }
  }

  private void drained() {
    int taken;
    synchronized (this) {
      taken = untakenStdinBytes;
      untakenStdinBytes = 0;
    }
    if (taken > 0) {
      observer.stdinTaken(taken);
    }
  }

  private void fail(HostException failure) {
    if (finish()) {
      observer.failed(failure);
    }
  }

  private synchronized AgentTransport.Connection open() {
    return over ? null : connection;
  }

  /** Ends the connection; whether it was open until now. */
  private boolean finish() {
    AgentTransport.Connection opened;
    synchronized (this) {
      if (over) {
        return false;
      }
      over = true;
      opened = connection;
    }
    if (opened != null) {
      opened.close();
    }
    return true;
  }
}
