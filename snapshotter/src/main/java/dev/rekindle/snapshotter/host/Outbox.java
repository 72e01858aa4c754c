package dev.rekindle.snapshotter.host;

import dev.rekindle.snapshotter.host.protocol.Frame;
import dev.rekindle.snapshotter.host.protocol.FrameEncoder;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * Frames on their way to one socket, written by a thread of their own, since the device loop, which
 * sends most, must not block. Bounded by the windows of the execs and the cap on requests in
 * flight.
 */
final class Outbox {
  private static final byte[] END = new byte[0];
  private static final int MAX_BATCH = 64;

  private final SocketChannel channel;
  private final BlockingQueue<byte[]> frames = new LinkedBlockingQueue<>();

  Outbox(SocketChannel channel) {
    this.channel = channel;
  }

  /** Never blocks; silently without effect after the connection broke. */
  void send(Frame frame) {
    frames.add(FrameEncoder.encode(frame));
  }

  /** Lets {@link #run} return after what was sent before. */
  void end() {
    frames.add(END);
  }

  /** Writes until {@link #end} or until the socket breaks. */
  void run() throws IOException, InterruptedException {
    List<byte[]> batch = new ArrayList<>();
    while (true) {
      batch.add(frames.take());
      frames.drainTo(batch, MAX_BATCH - 1);
      int count = batch.indexOf(END);
      List<byte[]> toWrite = count < 0 ? batch : batch.subList(0, count);
      ByteBuffer[] buffers = toWrite.stream().map(ByteBuffer::wrap).toArray(ByteBuffer[]::new);
      while (buffers.length > 0 && buffers[buffers.length - 1].hasRemaining()) {
        channel.write(buffers);
      }
      if (count >= 0) {
        return;
      }
      batch.clear();
    }
  }
}
