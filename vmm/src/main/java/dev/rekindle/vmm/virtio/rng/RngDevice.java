package dev.rekindle.vmm.virtio.rng;

import dev.rekindle.vmm.abi.virtio.Virtio;
import dev.rekindle.vmm.virtio.DescriptorChain;
import dev.rekindle.vmm.virtio.DeviceContext;
import dev.rekindle.vmm.virtio.VirtioDevice;
import dev.rekindle.vmm.virtio.Virtqueue;
import java.lang.foreign.MemorySegment;
import java.security.SecureRandom;

/** Fills the guest's buffers with random bytes, at most 64 KiB a request. */
public final class RngDevice implements VirtioDevice {
  private static final int QUEUE_SIZE = 64;
  private static final int REQUESTS_AT_ONCE = 64;
  private static final int MAX_BYTES = 64 * 1024;

  private final SecureRandom random;
  private DeviceContext context;

  /**
   * @param random where the bytes come from
   */
  public RngDevice(SecureRandom random) {
    this.random = random;
  }

  @Override
  public int deviceId() {
    return Virtio.ID_RNG;
  }

  @Override
  public long features() {
    return 0;
  }

  @Override
  public int[] queueMaxSizes() {
    return new int[] {QUEUE_SIZE};
  }

  @Override
  public byte readConfig(int offset) {
    return 0;
  }

  @Override
  public void attach(DeviceContext newContext) {
    context = newContext;
  }

  @Override
  public boolean queueNotified(int index) {
    Virtqueue queue = context.queue(index);
    int served = 0;
    while (served < REQUESTS_AT_ONCE && queue.hasNext()) {
      DescriptorChain chain = queue.next();
      int length = (int) Math.min(chain.writableBytes(), MAX_BYTES);
      byte[] bytes = new byte[length];
      random.nextBytes(bytes);
      MemorySegment source = MemorySegment.ofArray(bytes);
      chain.writeFrom(0, source);
      queue.complete(chain, length);
      served++;
    }
    context.interrupt(index);
    return served == REQUESTS_AT_ONCE;
  }

  @Override
  public void reset() {
    // Nothing is kept between requests.
  }
}
