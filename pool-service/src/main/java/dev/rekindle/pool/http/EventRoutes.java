package dev.rekindle.pool.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.rekindle.pool.error.ErrorCode;
import dev.rekindle.pool.error.ServiceException;
import dev.rekindle.pool.feed.LeaseFeed;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * {@code /v1/events}: what happens to leases, a JSON line each. A reader costs its place in the
 * feed and what its connection holds; one that has read nothing for a while is dropped.
 */
final class EventRoutes {
  /** Most streams at a time. */
  static final int MAX_READERS = 64;

  private static final long TICK_MILLIS = 1_000;

  private final LeaseFeed feed;
  private final int stallSeconds;
  private final int pingSeconds;
  private final Set<Reader> readers = new LinkedHashSet<>();
  private boolean stopped;

  /**
   * @param stallSeconds after which a reader that takes nothing is dropped
   * @param pingSeconds between lines that say only that the stream lives
   */
  EventRoutes(LeaseFeed feed, int stallSeconds, int pingSeconds) {
    this.feed = feed;
    this.stallSeconds = stallSeconds;
    this.pingSeconds = pingSeconds;
  }

  void mount(Router router) {
    router.get("/v1/events").handler(this::stream);
  }

  /** Ends every stream. */
  void stop() {
    stopped = true;
    new ArrayList<>(readers).forEach(Reader::end);
  }

  private void stream(RoutingContext context) {
    if (stopped) {
      throw new ServiceException(ErrorCode.STOPPING, "it tells nothing any more");
    }
    if (readers.size() >= MAX_READERS) {
      throw new ServiceException(
          ErrorCode.EVENTS_EXHAUSTED, readers.size() + " read the events already");
    }
    new Reader(context).begin();
  }

  private final class Reader implements Runnable {
    private final RoutingContext context;
    private long cursor = feed.oldest();
    private long timer;
    private int idleTicks;
    private int fullTicks;

    Reader(RoutingContext context) {
      this.context = context;
    }

    void begin() {
      readers.add(this);
      feed.add(this);
      timer = context.vertx().setPeriodic(TICK_MILLIS, _ -> tick());
      Replies.begin(context);
      Access.onGone(context, this::leave);
      context.response().drainHandler(_ -> run());
      Access.grant(context)
          .onLost(reason -> {
            ObjectNode line = Json.object();
            line.set("error", Problems.body(reason));
            Replies.line(context, line);
            end();
          });
      ObjectNode first = Json.object();
      first.putObject("feed").put("kept", feed.next() - cursor);
      Replies.line(context, first);
      run();
    }

    private void leave() {
      readers.remove(this);
      feed.remove(this);
      context.vertx().cancelTimer(timer);
    }

    void end() {
      leave();
      if (Replies.isOpen(context)) {
        Replies.end(context, "");
      }
    }

    /** Writes what is new, as long as the connection takes it. */
    @Override
    public void run() {
      while (cursor < feed.next() && Replies.isOpen(context) && hasRoom()) {
        if (cursor < feed.oldest()) {
          Replies.line(context, Json.object().put("missed", feed.oldest() - cursor));
          cursor = feed.oldest();
        } else {
          Replies.line(context, describe(feed.event(cursor++)));
        }
        idleTicks = 0;
      }
    }

    private boolean hasRoom() {
      return !context.response().writeQueueFull();
    }

    private void tick() {
      fullTicks = hasRoom() ? 0 : fullTicks + 1;
      if (fullTicks > stallSeconds) {
        leave();
        context.request().connection().close();
      } else if (hasRoom() && ++idleTicks >= pingSeconds) {
        idleTicks = 0;
        Replies.line(context, Json.object().put("ping", true));
      }
    }
  }

  private static ObjectNode describe(LeaseFeed.Event event) {
    ObjectNode line = Json.object().put("at", event.at().toString());
    switch (event) {
      case LeaseFeed.Event.Given given -> line.set("given", LeaseRoutes.describe(given.lease()));
      case LeaseFeed.Event.Ended ended ->
          line.putObject("ended")
              .put("id", ended.lease().id())
              .put("template", ended.lease().template())
              .put("reason", ended.reason())
              .put("heldMillis", LeaseFeed.held(ended).toMillis());
      case LeaseFeed.Event.Refused refused -> line.putObject("refused").put("code", refused.code());
    }
    return line;
  }
}
