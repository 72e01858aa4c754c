package dev.rekindle.vmm.boot;

import dev.rekindle.vmm.memory.GuestMemory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * An open kernel or initramfs file. Read, never mapped: a file that shrinks meanwhile is then an
 * error here and no SIGBUS.
 */
final class BootFile implements AutoCloseable {
  /** Most bytes of one read into guest memory; a ByteBuffer holds less than 2 GiB. */
  private static final long CHUNK_BYTES = 64L << 20;

  private final Path path;
  private final BootErrorCode unreadable;
  private final FileChannel channel;
  private final long sizeBytes;

  private BootFile(Path path, BootErrorCode unreadable, FileChannel channel, long sizeBytes) {
    this.path = path;
    this.unreadable = unreadable;
    this.channel = channel;
    this.sizeBytes = sizeBytes;
  }

  /**
   * @param path of a regular file; anything else is refused without opening it, because opening a
   *     FIFO blocks
   * @param unreadable code of every failure to read
   */
  static BootFile open(Path path, BootErrorCode unreadable) {
    if (!Files.isRegularFile(path)) {
      throw new BootException(
          unreadable, path + (Files.exists(path) ? " is no regular file" : " does not exist"));
    }
    FileChannel channel = null;
    try {
      channel = FileChannel.open(path, StandardOpenOption.READ);
      return new BootFile(path, unreadable, channel, channel.size());
    } catch (IOException e) {
      BootException failure = new BootException(unreadable, "cannot read " + path, e);
      if (channel != null) {
        try {
          channel.close();
        } catch (IOException close) {
          failure.addSuppressed(close);
        }
      }
      throw failure;
    }
  }

  Path path() {
    return path;
  }

  long sizeBytes() {
    return sizeBytes;
  }

  /**
   * @param fileOffset first byte
   * @param length most bytes
   * @return the bytes there, fewer where the file ends
   */
  byte[] read(long fileOffset, int length) {
    int there = (int) Math.max(0, Math.min(length, sizeBytes - fileOffset));
    ByteBuffer buffer = ByteBuffer.allocate(there);
    readFully(buffer, fileOffset);
    return buffer.array();
  }

  /**
   * @param fileOffset first byte; the caller has checked that the file has them all
   * @param memory to read into
   * @param gpa first address
   * @param length bytes
   */
  void readInto(long fileOffset, GuestMemory memory, long gpa, long length) {
    for (long done = 0; done < length; ) {
      long step = Math.min(CHUNK_BYTES, length - done);
      readFully(memory.slice(gpa + done, step).asByteBuffer(), fileOffset + done);
      done += step;
    }
  }

  private void readFully(ByteBuffer buffer, long fileOffset) {
    long at = fileOffset;
    try {
      while (buffer.hasRemaining()) {
        int n = channel.read(buffer, at);
        if (n < 0) {
          throw new BootException(
              unreadable, "%s became shorter than %d bytes".formatted(path, sizeBytes));
        }
        at += n;
      }
    } catch (IOException e) {
      throw new BootException(unreadable, "cannot read " + path, e);
    }
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw new BootException(unreadable, "cannot close " + path, e);
    }
  }
}
