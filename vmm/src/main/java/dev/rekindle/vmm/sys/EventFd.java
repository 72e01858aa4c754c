package dev.rekindle.vmm.sys;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** A nonblocking {@code eventfd(2)}. Thread: signal from any, drain from one. */
public final class EventFd implements AutoCloseable {
  /** The value every signal adds; shared and never written again. */
  private static final MemorySegment ONE = Arena.global().allocateFrom(JAVA_LONG, 1L);

  private final OwnedFd owned;

  /**
   * @throws ErrnoException {@code EMFILE} if the process has no descriptor left
   */
  public EventFd() {
    owned = new OwnedFd(Syscalls.eventfd(), "eventfd");
  }

  /**
   * @return the descriptor, owned by this object
   */
  public int fd() {
    return owned.fd();
  }

  /** Adds one to the counter and so makes the descriptor readable. */
  public void signal() {
    Syscalls.write(owned.fd(), ONE);
  }

  /**
   * Takes the counter back to zero.
   *
   * @return what it was; 0 if nobody had signalled
   */
  public long drain() {
    return Syscalls.readCounter(owned.fd());
  }

  @Override
  public void close() {
    owned.close();
  }
}
