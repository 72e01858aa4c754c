package dev.rekindle.fuzz.targets;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.rekindle.fuzz.FuzzTarget;
import dev.rekindle.fuzz.Refusal;
import dev.rekindle.snapshotter.host.protocol.Frame;
import dev.rekindle.snapshotter.host.protocol.FrameDecoder;
import dev.rekindle.snapshotter.host.protocol.FrameEncoder;
import dev.rekindle.snapshotter.host.protocol.HostException;
import dev.rekindle.snapshotter.host.protocol.HostJson;
import dev.rekindle.snapshotter.host.protocol.HostReply;
import dev.rekindle.snapshotter.host.protocol.HostRequest;
import dev.rekindle.snapshotter.host.protocol.ProtocolException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * The stream between service and host process, either side: cut anywhere it gives the same frames,
 * and the JSON inside is taken or refused.
 */
public final class HostProtocolTarget implements FuzzTarget {
  private static final List<Class<? extends HostReply>> REPLIES =
      List.of(
          HostReply.Hello.class,
          HostReply.Acquire.class,
          HostReply.Exec.class,
          HostReply.Pool.class,
          HostReply.Stats.class);

  /** Ready. */
  public HostProtocolTarget() {}

  @Override
  public String name() {
    return "host-protocol";
  }

  @Override
  public void run(byte[] input) {
    List<Frame> whole = new ArrayList<>();
    boolean good = feed(whole, input, input.length);
    List<Frame> cut = new ArrayList<>();
    boolean cutGood = feed(cut, input, 1 + input.length / 3);
    if (good != cutGood || whole.size() != cut.size()) {
      throw new AssertionError(whole.size() + " frames whole, " + cut.size() + " in pieces");
    }
    for (Frame frame : whole) {
      take(frame);
    }
  }

  private static boolean feed(List<Frame> out, byte[] input, int pieceBytes) {
    FrameDecoder decoder = new FrameDecoder();
    try {
      for (int at = 0; at < input.length; at += pieceBytes) {
        int length = Math.min(pieceBytes, input.length - at);
        decoder.feed(ByteBuffer.wrap(input, at, length), out::add);
      }
      return true;
    } catch (ProtocolException e) {
      Refusal.check(e);
      return false;
    }
  }

  private static void take(Frame frame) {
    switch (frame) {
      case Frame.Request(int _, byte[] json) -> request(json);
      case Frame.Reply(int _, byte[] json) -> REPLIES.forEach(type -> reply(json, type));
      case Frame.Event(int _, byte[] json) -> event(json);
      case Frame.Data data -> FrameEncoder.encode(data);
    }
  }

  private static void request(byte[] json) {
    try {
      HostRequest request = HostJson.readRequest(json);
      HostRequest again = HostJson.readRequest(HostJson.request(request));
      if (!again.equals(request)) {
        throw new AssertionError("read back as " + again);
      }
    } catch (HostException e) {
      Refusal.check(e.code(), e);
    }
  }

  private static void reply(byte[] json, Class<? extends HostReply> type) {
    try {
      if (HostJson.readReply(json, type) == null) {
        throw new AssertionError("a reply that is null");
      }
    } catch (HostException e) {
      Refusal.check(e.code(), e);
    }
  }

  private static void event(byte[] json) {
    try {
      HostJson.readEvent(json);
    } catch (ProtocolException e) {
      Refusal.check(e);
    }
  }

  @Override
  public List<byte[]> seeds() {
    HostRequest acquire =
        new HostRequest.Acquire(
            "0123456789abcdef0123456789abcdef",
            "/s/a",
            "/i/a",
            "t",
            HostRequest.Recycle.TENANT,
            new HostRequest.Identity("h", "0123456789abcdef0123456789abcdef", "l"));
    HostRequest pool = new HostRequest.Pool("/s/a", "/i/a", 2, 1, List.of("true"));
    return List.of(
        request(acquire),
        request(pool),
        request(new HostRequest.Hello(1)),
        request(new HostRequest.Cancel(7)),
        reply(HostJson.ok(new HostReply.Exec(0, 0, false, false, 1, 2, 3, false))),
        reply(HostJson.error(new HostException("host.busy", "later"))),
        event(1, "{\"started\":{\"pid\":7}}"),
        event(0, "{\"event\":\"sandboxExited\",\"sandboxId\":\"a\"}"),
        event(2, "{\"window\":65536}"));
  }

  private static byte[] request(HostRequest request) {
    return FrameEncoder.encode(new Frame.Request(1, HostJson.request(request)));
  }

  private static byte[] reply(byte[] json) {
    return FrameEncoder.encode(new Frame.Reply(1, json));
  }

  private static byte[] event(int requestId, String json) {
    return FrameEncoder.encode(new Frame.Event(requestId, json.getBytes(UTF_8)));
  }
}
