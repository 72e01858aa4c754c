package dev.rekindle.pool.journal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/** Files whose disk has room for so many bytes more, or whose process is killed at that byte. */
final class FaultyStorage implements Storage.Opener {
  /** The process is no more. */
  static final class Killed extends Error {
    private static final long serialVersionUID = 1L;
  }

  /** Bytes that can still be written. */
  long left = Long.MAX_VALUE;

  /** Otherwise the disk is full then. */
  boolean kills;

  /** What a write without room fails with. */
  String failure = "No space left on device";

  boolean failsToForce;

  @Override
  public Storage open(Path file) throws IOException {
    Storage real = Storage.open(file);
    return new Storage() {
      @Override
      public int write(ByteBuffer bytes, long at) throws IOException {
        int fitting = (int) Math.min(left, bytes.remaining());
        if (fitting == 0) {
          if (kills) {
            throw new Killed();
          }
          throw new IOException(failure);
        }
        ByteBuffer part = bytes.slice(bytes.position(), fitting);
        bytes.position(bytes.position() + fitting);
        left -= fitting;
        while (part.hasRemaining()) {
          real.write(part, at + part.position());
        }
        return fitting;
      }

      @Override
      public ByteBuffer read() throws IOException {
        return real.read();
      }

      @Override
      public long size() throws IOException {
        return real.size();
      }

      @Override
      public void force() throws IOException {
        if (failsToForce) {
          throw new IOException("Input/output error");
        }
        real.force();
      }

      @Override
      public void close() throws IOException {
        real.close();
      }
    };
  }
}
