package dev.rekindle.snapshotter.capture;

import dev.rekindle.vmm.abi.linux.Fcntl;
import dev.rekindle.vmm.sys.OwnedFd;
import dev.rekindle.vmm.sys.Syscalls;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/**
 * A file being written; an interface so that a test can let the disk fill up. All methods throw
 * {@link dev.rekindle.vmm.sys.ErrnoException}.
 */
interface OutputFile extends AutoCloseable {
  /** Sets the size, so that what is not written reads as zeros and takes no room. */
  void setLength(long bytes);

  /** Writes all of {@code source}, native memory, at {@code offset}. */
  void write(MemorySegment source, long offset);

  /** {@code fsync(2)}. */
  void sync();

  @Override
  void close();

  /** Opens output files by path; fails if the file exists. */
  interface Opener {
    OutputFile open(Path path);
  }

  /** A file of the file system. */
  static OutputFile create(Path path) {
    OwnedFd file = OwnedFd.open(path.toString(), Fcntl.O_RDWR | Fcntl.O_CREAT | Fcntl.O_EXCL);
    return new OutputFile() {
      @Override
      public void setLength(long bytes) {
        Syscalls.ftruncate(file.fd(), bytes);
      }

      @Override
      public void write(MemorySegment source, long offset) {
        for (long done = 0; done < source.byteSize(); ) {
          done += Syscalls.pwrite(file.fd(), source.asSlice(done), offset + done);
        }
      }

      @Override
      public void sync() {
        Syscalls.fsync(file.fd());
      }

      @Override
      public void close() {
        file.close();
      }
    };
  }

  /** Makes a directory's entries durable. */
  static void syncDirectory(Path directory) {
    try (OwnedFd fd = OwnedFd.open(directory.toString(), Fcntl.O_RDONLY | Fcntl.O_DIRECTORY)) {
      Syscalls.fsync(fd.fd());
    }
  }
}
