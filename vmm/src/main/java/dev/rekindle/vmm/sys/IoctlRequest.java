package dev.rekindle.vmm.sys;

import java.lang.foreign.MemoryLayout;

/**
 * A named ioctl request; the code is derived from the argument's size as the {@code _IO*} macros of
 * {@code asm-generic/ioctl.h} do.
 *
 * @param name as in the header, for error messages
 * @param code the encoded request
 */
public record IoctlRequest(String name, long code) {
  private static final long WRITE = 1L << 30;
  private static final long READ = 2L << 30;

  /**
   * {@code _IO(type, nr)}.
   *
   * @param name as in the header
   * @param type the ioctl family, for KVM {@code 0xAE}
   * @param nr the number within the family
   * @return the request
   */
  public static IoctlRequest none(String name, int type, int nr) {
    return new IoctlRequest(name, (long) type << 8 | nr);
  }

  /**
   * {@code _IOW(type, nr, argument)}.
   *
   * @param name as in the header
   * @param type the ioctl family
   * @param nr the number within the family
   * @param argument the struct whose size is part of the code
   * @return the request
   */
  public static IoctlRequest write(String name, int type, int nr, MemoryLayout argument) {
    return new IoctlRequest(name, WRITE | argument.byteSize() << 16 | (long) type << 8 | nr);
  }

  /**
   * {@code _IOR(type, nr, argument)}.
   *
   * @param name as in the header
   * @param type the ioctl family
   * @param nr the number within the family
   * @param argument the struct whose size is part of the code
   * @return the request
   */
  public static IoctlRequest read(String name, int type, int nr, MemoryLayout argument) {
    return new IoctlRequest(name, READ | argument.byteSize() << 16 | (long) type << 8 | nr);
  }

  /**
   * {@code _IOWR(type, nr, argument)}.
   *
   * @param name as in the header
   * @param type the ioctl family
   * @param nr the number within the family
   * @param argument the struct whose size is part of the code
   * @return the request
   */
  public static IoctlRequest readWrite(String name, int type, int nr, MemoryLayout argument) {
    return new IoctlRequest(name, READ | WRITE | argument.byteSize() << 16 | (long) type << 8 | nr);
  }
}
