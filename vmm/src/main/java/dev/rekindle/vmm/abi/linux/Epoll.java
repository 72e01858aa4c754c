package dev.rekindle.vmm.abi.linux;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.MemoryLayout.sequenceLayout;
import static java.lang.foreign.MemoryLayout.structLayout;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemoryLayout;
import java.lang.foreign.StructLayout;

/** {@code struct epoll_event} and its constants; {@code linux/eventpoll.h}; 12 bytes, packed. */
public final class Epoll {
  public static final int EPOLL_CLOEXEC = 0x80000;
  public static final int EPOLL_CTL_ADD = 1;
  public static final int EPOLL_CTL_DEL = 2;
  public static final int EPOLL_CTL_MOD = 3;
  public static final int EPOLLIN = 0x1;
  public static final int EPOLLOUT = 0x4;
  public static final int EPOLLERR = 0x8;
  public static final int EPOLLHUP = 0x10;
  public static final int EFD_CLOEXEC = 0x80000;
  public static final int EFD_NONBLOCK = 0x800;

  /** {@code struct epoll_event}. */
  public static final StructLayout LAYOUT =
      structLayout(JAVA_INT.withName("events"), JAVA_LONG.withByteAlignment(4).withName("data"))
          .withName("epoll_event");

  public static final long EVENTS = LAYOUT.byteOffset(groupElement("events"));
  public static final long DATA = LAYOUT.byteOffset(groupElement("data"));

  private Epoll() {}

  /**
   * An array of events.
   *
   * @param count at least 1
   * @return the layout to allocate
   */
  public static MemoryLayout array(int count) {
    return sequenceLayout(count, LAYOUT);
  }
}
