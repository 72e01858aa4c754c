package dev.rekindle.snapshotter.image;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

/**
 * Writes an initramfs: the {@code newc} form of cpio, {@code
 * Documentation/driver-api/early-userspace/buffer-format.rst}. Times are 0 and owners root, so
 * equal contents give equal bytes.
 */
public final class CpioWriter implements AutoCloseable {
  private static final int HEADER_BYTES = 110;
  private static final int S_IFREG = 0100000;
  private static final int S_IFDIR = 0040000;
  private static final int S_IFCHR = 0020000;

  private final OutputStream out;
  private int inode = 1;

  /**
   * @param out the writer's from now on, closed with it
   */
  public CpioWriter(OutputStream out) {
    this.out = out;
  }

  /**
   * @param name without a leading slash; parents come first
   * @param permissions nine bits
   * @throws IOException as the stream does
   */
  public void directory(String name, int permissions) throws IOException {
    entry(name, S_IFDIR | permissions, 2, 0, 0, new byte[0]);
  }

  /**
   * @param name without a leading slash
   * @param permissions nine bits
   * @param content of the file
   * @throws IOException as the stream does
   */
  public void file(String name, int permissions, byte[] content) throws IOException {
    entry(name, S_IFREG | permissions, 1, 0, 0, content);
  }

  /**
   * @param name without a leading slash
   * @param permissions nine bits
   * @param major of the device
   * @param minor of the device
   * @throws IOException as the stream does
   */
  public void characterDevice(String name, int permissions, int major, int minor)
      throws IOException {
    entry(name, S_IFCHR | permissions, 1, major, minor, new byte[0]);
  }

  private void entry(String name, int mode, int links, int major, int minor, byte[] content)
      throws IOException {
    byte[] nameBytes = (name + "\0").getBytes(StandardCharsets.UTF_8);
    int[] fields = {
      inode++, mode, 0, 0, links, 0, content.length, 0, 0, major, minor, nameBytes.length, 0
    };
    StringBuilder header = new StringBuilder("070701");
    for (int field : fields) {
      header.append("%08X".formatted(field));
    }
    out.write(header.toString().getBytes(StandardCharsets.US_ASCII));
    out.write(nameBytes);
    pad(HEADER_BYTES + nameBytes.length);
    out.write(content);
    pad(content.length);
  }

  private void pad(int length) throws IOException {
    out.write(new byte[-length & 3]);
  }

  @Override
  public void close() throws IOException {
    inode = 0;
    entry("TRAILER!!!", 0, 1, 0, 0, new byte[0]);
    out.close();
  }
}
