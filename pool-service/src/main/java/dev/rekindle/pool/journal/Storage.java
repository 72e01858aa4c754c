package dev.rekindle.pool.journal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/** A file that is written in place. Thread: any. */
interface Storage extends AutoCloseable {
  /** Opens a file for its owner alone, made empty if it is not there. */
  interface Opener {
    Storage open(Path file) throws IOException;
  }

  /** Writes at a place, possibly less than there is. */
  int write(ByteBuffer bytes, long at) throws IOException;

  /** Reads all of it. */
  ByteBuffer read() throws IOException;

  long size() throws IOException;

  /** Returns once what was written would survive the loss of power. */
  void force() throws IOException;

  @Override
  void close() throws IOException;

  static Storage open(Path file) throws IOException {
    FileChannel channel =
        FileChannel.open(
            file,
            Set.of(StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    return new Storage() {
      @Override
      public int write(ByteBuffer bytes, long at) throws IOException {
        return channel.write(bytes, at);
      }

      @Override
      public ByteBuffer read() throws IOException {
        if (channel.size() > LeaseJournal.MAX_FILE_BYTES) {
          throw new IOException(
              file + " has " + channel.size() + " bytes, at most " + LeaseJournal.MAX_FILE_BYTES);
        }
        ByteBuffer all = ByteBuffer.allocate((int) channel.size());
        while (all.hasRemaining() && channel.read(all, all.position()) >= 0) {}
        return all.flip();
      }

      @Override
      public long size() throws IOException {
        return channel.size();
      }

      @Override
      public void force() throws IOException {
        channel.force(false);
      }

      @Override
      public void close() throws IOException {
        channel.close();
      }
    };
  }
}
