package dev.rekindle.vmm.virtio;

import java.lang.foreign.MemorySegment;

/** Copies each request's readable bytes into its writable ones, for tests of queues. */
final class EchoDevice implements VirtioDevice {
  static final int FEATURE = 1;
  DeviceContext context;
  int resets;
  int requestsAtOnce = 1000;
  byte[] state = new byte[0];

  @Override
  public int deviceId() {
    return 42;
  }

  @Override
  public long features() {
    return FEATURE;
  }

  @Override
  public int[] queueMaxSizes() {
    return new int[] {16, 4};
  }

  @Override
  public byte readConfig(int offset) {
    return (byte) (offset < 4 ? offset + 1 : 0);
  }

  @Override
  public void attach(DeviceContext newContext) {
    context = newContext;
  }

  @Override
  public boolean queueNotified(int index) {
    Virtqueue queue = context.queue(index);
    int served = 0;
    while (served < requestsAtOnce && queue.hasNext()) {
      DescriptorChain chain = queue.next();
      int length = (int) Math.min(chain.readableBytes(), chain.writableBytes());
      MemorySegment copy = MemorySegment.ofArray(new byte[length]);
      chain.readInto(0, copy);
      chain.writeFrom(0, copy);
      queue.complete(chain, length);
      served++;
    }
    context.interrupt(index);
    return served == requestsAtOnce;
  }

  @Override
  public void reset() {
    resets++;
  }

  @Override
  public byte[] saveState() {
    return state;
  }

  @Override
  public void loadState(byte[] saved) {
    if (saved.length > 8) {
      throw new IllegalArgumentException("too much");
    }
    state = saved;
  }
}
