package dev.rekindle.vmm.virtio;

/**
 * A virtqueue's registers and positions.
 *
 * @param size entries, a power of two, or 0 while never set
 * @param ready whether the driver enabled it
 * @param descGpa descriptor table
 * @param availGpa driver area
 * @param usedGpa device area
 * @param nextAvail index of the next available entry, 16 bits
 * @param nextUsed index of the next used entry, 16 bits
 */
public record QueueState(
    int size,
    boolean ready,
    long descGpa,
    long availGpa,
    long usedGpa,
    short nextAvail,
    short nextUsed) {
  /** A queue as it is after reset. */
  public static final QueueState RESET = new QueueState(0, false, 0, 0, 0, (short) 0, (short) 0);
}
