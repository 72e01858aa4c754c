package dev.rekindle.snapshotter.agent;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;

/**
 * One request with one reply that may be sent again: tried on the line that an earlier call left,
 * then on a new one each time, until there is an answer, a refusal, or no time left. A guest that
 * boots refuses or ignores connections for a while; one that was just restored may drop the first.
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
  private final AgentLine.Idle idle;

  /** Empty if nothing is asked, and that the guest takes a connection is the answer. */
  private final Optional<Supplier<byte[]>> request;

  private final Answer answer;
  private final long deadlineNanos;
  private final CompletableFuture<Void> result = new CompletableFuture<>();
  private String lastFailure = "no answer";
  private long pauseNanos = FIRST_PAUSE_NANOS;

  private AgentCall(
      AgentTransport transport,
      AgentLine.Idle idle,
      Optional<Supplier<byte[]>> request,
      Answer answer,
      Duration timeout) {
    this.transport = transport;
    this.idle = idle;
    this.request = request;
    this.answer = answer;
    this.deadlineNanos = System.nanoTime() + timeout.toNanos();
  }

  /**
   * Begins.
   *
   * @param idle where a line may wait for this call, and waits for the next after it
   * @param request made anew for each attempt
   * @param answer tells the reply wanted
   * @param timeout for all attempts together
   * @return completes with the answer; fails with {@link AgentException} on a refusal, {@link
   *     TimeoutException}; canceling it ends the attempts
   */
  static CompletableFuture<Void> start(
      AgentTransport transport,
      AgentLine.Idle idle,
      Supplier<byte[]> request,
      Answer answer,
      Duration timeout) {
    return new AgentCall(transport, idle, Optional.of(request), answer, timeout).begin(timeout);
  }

  /**
   * Opens a line and leaves it for the next call.
   *
   * @param idle where it waits for that
   * @param timeout for all attempts together
   * @return completes when the guest took a connection
   */
  static CompletableFuture<Void> reach(
      AgentTransport transport, AgentLine.Idle idle, Duration timeout) {
    return new AgentCall(transport, idle, Optional.empty(), _ -> false, timeout).begin(timeout);
  }

  private CompletableFuture<Void> begin(Duration timeout) {
    Runnable cancel = transport.schedule(timeout.toNanos(), this::timeOut);
    result.whenComplete((_, _) -> cancel.run());
    attempt();
    return result;
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

  /** One line's worth of trying; the line is kept for the next call if it brought the answer. */
  private final class Attempt implements AgentLine.User {
    private AgentLine line;
    private boolean over;

    void start() {
      AgentLine taken = idle.take();
      AgentLine mine = taken == null ? new AgentLine(this) : taken;
      synchronized (this) {
        line = mine;
      }
      if (taken == null) {
        mine.connect(transport);
      } else {
        mine.use(this);
      }
      if (request.isPresent()) {
        mine.send(request.get().get());
      } else if (taken != null) {
        connected();
      }
      Runnable cancelGiveUp =
          transport.schedule(ATTEMPT_NANOS, () -> lost("no answer to an attempt", false));
      result.whenComplete((_, _) -> {
        cancelGiveUp.run();
        finish();
      });
    }

    @Override
    public void reply(AgentFrames.Reply reply) {
      try {
        if (reply instanceof AgentFrames.Reply.Failed(String code, String message)) {
          result.completeExceptionally(new AgentException(code, message));
        } else if (answer.is(reply)) {
          keep();
          result.complete(null);
        }
      } catch (AgentException e) {
        result.completeExceptionally(e);
      }
    }

    @Override
    public void connected() {
      if (request.isEmpty()) {
        keep();
        result.complete(null);
      }
    }

    @Override
    public void lost(String why, boolean broken) {
      if (broken) {
        result.completeExceptionally(new AgentException("agent.protocol", why));
      } else if (finish()) {
        retry(why);
      }
    }

    private void keep() {
      AgentLine mine = end();
      if (mine != null) {
        mine.use(null);
        idle.keep(mine);
      }
    }

    /** Closes the line, unless it was kept or closed already. */
    private boolean finish() {
      AgentLine mine = end();
      if (mine != null) {
        mine.close();
      }
      return mine != null;
    }

    private synchronized AgentLine end() {
      if (over) {
        return null;
      }
      over = true;
      return line;
    }
  }
}
