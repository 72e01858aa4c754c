package dev.rekindle.snapshotter.agent;

import dev.rekindle.vmm.virtio.vsock.VsockCloseReason;
import dev.rekindle.vmm.virtio.vsock.VsockListener;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;

/**
 * One request with one reply that may be sent again: tried on a new connection each time, until
 * there is an answer, a refusal, or no time left. A guest that boots refuses or ignores connections
 * for a while; one that was just restored may drop the first.
 */
final class AgentCall {
  /** Looks at the agent's replies. */
  interface Answer {
    /** Whether this is the reply waited for. */
    boolean is(AgentFrames.Reply reply) throws AgentException;
  }

  private static final long FIRST_PAUSE_NANOS = 1_000_000;
  private static final long MAX_PAUSE_NANOS = 50_000_000;

  /** An attempt that nobody answers at all is given up after this. */
  private static final long ATTEMPT_NANOS = 2_000_000_000L;

  private final AgentTransport transport;
  private final Supplier<byte[]> request;
  private final Answer answer;
  private final long deadlineNanos;
  private final CompletableFuture<Void> result = new CompletableFuture<>();
  private String lastFailure = "no answer";
  private long pauseNanos = FIRST_PAUSE_NANOS;

  private AgentCall(
      AgentTransport transport, Supplier<byte[]> request, Answer answer, Duration timeout) {
    this.transport = transport;
    this.request = request;
    this.answer = answer;
    this.deadlineNanos = System.nanoTime() + timeout.toNanos();
  }

  /**
   * Begins.
   *
   * @param request made anew for each attempt
   * @param answer tells the reply wanted
   * @param timeout for all attempts together
   * @return completes with the answer; fails with {@link AgentException} on a refusal, {@link
   *     TimeoutException}; canceling it ends the attempts
   */
  static CompletableFuture<Void> start(
      AgentTransport transport, Supplier<byte[]> request, Answer answer, Duration timeout) {
    AgentCall call = new AgentCall(transport, request, answer, timeout);
    Runnable cancel = transport.schedule(timeout.toNanos(), call::timeOut);
    call.result.whenComplete((_, _) -> cancel.run());
    call.attempt();
    return call.result;
  }

  private void timeOut() {
    result.completeExceptionally(new TimeoutException(lastFailure));
  }

  private void attempt() {
    if (!result.isDone()) {
      new Attempt().start();
    }
  }

  private void retry(String failure) {
    lastFailure = failure;
    if (result.isDone() || System.nanoTime() + pauseNanos >= deadlineNanos) {
      return;
    }
    transport.schedule(pauseNanos, this::attempt);
    pauseNanos = Math.min(MAX_PAUSE_NANOS, pauseNanos * 2);
  }

  private final class Attempt implements VsockListener {
    private final AgentFrames frames = new AgentFrames();
    private AgentTransport.Connection connection;
    private boolean over;

    void start() {
      AgentTransport.Connection opened = transport.connect(this);
      synchronized (this) {
        connection = opened;
      }
      opened.send(request.get());
      Runnable cancelGiveUp =
          transport.schedule(ATTEMPT_NANOS, () -> end("no answer to an attempt"));
      result.whenComplete((_, _) -> {
        cancelGiveUp.run();
        opened.close();
      });
    }

    @Override
    public void onData(byte[] data) {
      try {
        for (AgentFrames.Reply reply : frames.feed(data)) {
          if (reply instanceof AgentFrames.Reply.Failed(String code, String message)) {
            result.completeExceptionally(new AgentException(code, message));
          }
          if (answer.is(reply)) {
            result.complete(null);
          }
        }
      } catch (AgentException e) {
        result.completeExceptionally(e);
      } catch (AgentFrames.MalformedException e) {
        result.completeExceptionally(new AgentException("agent.protocol", e.getMessage()));
      }
    }

    @Override
    public void onClosed(VsockCloseReason reason) {
      end("connection to the agent: " + reason);
    }

    private void end(String failure) {
      AgentTransport.Connection opened;
      synchronized (this) {
        if (over) {
          return;
        }
        over = true;
        opened = connection;
      }
      if (opened != null) {
        opened.close();
      }
      retry(failure);
    }
  }
}
