package dev.rekindle.bench.micro;

import dev.rekindle.snapshotter.host.protocol.Frame;
import dev.rekindle.snapshotter.host.protocol.FrameDecoder;
import dev.rekindle.snapshotter.host.protocol.FrameEncoder;
import dev.rekindle.snapshotter.host.protocol.HostException;
import dev.rekindle.snapshotter.host.protocol.HostJson;
import dev.rekindle.snapshotter.host.protocol.HostReply;
import dev.rekindle.snapshotter.host.protocol.HostRequest;
import dev.rekindle.snapshotter.host.protocol.ProtocolException;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.infra.Blackhole;

/** The host protocol's share of a lease: a request and a reply, written and read. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class ProtocolBenchmark {
  private static final String REQUEST =
      """
      {"op":"acquire","sandboxId":"sb-0123456789abcdef",
       "snapshotDir":"/var/lib/rekindle/snapshots/python-1","imagesDir":"/var/lib/rekindle/images",
       "tenant":"acme","recycle":"tenant",
       "identity":{"hostname":"sb-0123456789abcdef","machineId":"0123456789abcdef0123456789abcdef",
                   "leaseId":"sb-0123456789abcdef"}}\
      """;

  private static final String REPLY =
      """
      {"ok":{"served":"parked","stagesMicros":{"resume":17,"identity":665}}}\
      """;

  private final FrameDecoder decoder = new FrameDecoder();
  private final byte[] requestJson = REQUEST.getBytes(java.nio.charset.StandardCharsets.UTF_8);
  private final byte[] replyJson = REPLY.getBytes(java.nio.charset.StandardCharsets.UTF_8);
  private final byte[] frame = FrameEncoder.encode(new Frame.Request(7, requestJson));
  private HostRequest request;

  /**
   * @throws HostException never
   */
  @Setup
  public void read() throws HostException {
    request = HostJson.readRequest(requestJson);
  }

  /**
   * @return the frame of an acquire
   */
  @Benchmark
  public byte[] writeAcquire() {
    return FrameEncoder.encode(new Frame.Request(7, HostJson.request(request)));
  }

  /**
   * @param sink of the frame
   * @return the request in it
   * @throws ProtocolException never
   * @throws HostException never
   */
  @Benchmark
  public HostRequest readAcquire(Blackhole sink) throws ProtocolException, HostException {
    decoder.feed(ByteBuffer.wrap(frame), sink::consume);
    return HostJson.readRequest(requestJson);
  }

  /**
   * @return the reply to an acquire
   * @throws HostException never
   */
  @Benchmark
  public HostReply readReply() throws HostException {
    return HostJson.readReply(replyJson, HostReply.Acquire.class);
  }
}
