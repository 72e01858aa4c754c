package dev.rekindle.vmm.memory;

/**
 * A guest-physical range that is not guest memory; guests cause it at will, so devices catch it.
 */
public final class GuestMemoryException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final long gpa;
  private final long length;

  /**
   * @param gpa first guest-physical address of the range
   * @param length of the range, bytes
   */
  public GuestMemoryException(long gpa, long length) {
    // No stack trace: a hostile guest decides how often this is thrown.
    super("no guest memory at gpa 0x%x, %d bytes".formatted(gpa, length), null, false, false);
    this.gpa = gpa;
    this.length = length;
  }

  /**
   * @return first guest-physical address of the range
   */
  public long gpa() {
    return gpa;
  }

  /**
   * @return length of the range, bytes
   */
  public long length() {
    return length;
  }
}
