package dev.rekindle.snapshotter.index;

import dev.rekindle.snapshotter.DurableFiles;
import dev.rekindle.snapshotter.format.PayloadReader;
import dev.rekindle.snapshotter.format.PayloadWriter;
import dev.rekindle.snapshotter.format.SnapshotException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Which file is the index now; {@code <state>/index/current}, replaced by rename. Where there is
 * none, the index is not to be asked and manifests are read directly.
 *
 * @param generation of the file, more with each; names it
 * @param geometry of the map in it
 */
record IndexPointer(long generation, MapGeometry geometry) {
  static final String FILE = "current";

  /** Of a map's file. */
  static final String PREFIX = "index-";

  static final String SUFFIX = ".map";

  /** Low bits of a sequence, which count within a generation. */
  static final int COUNTER_BITS = 32;

  static String fileName(long generation) {
    return PREFIX + generation + SUFFIX;
  }

  byte[] encode(IndexSigner signer) throws IndexException {
    PayloadWriter out = new PayloadWriter();
    geometry.write(out);
    return new SignedValue(SignedValue.POINTER, generation << COUNTER_BITS, out.toBytes())
        .sign(signer);
  }

  /**
   * @throws IndexException {@code damaged} or {@code signature_invalid}
   */
  static IndexPointer decode(byte[] bytes, IndexVerifier verifier) throws IndexException {
    SignedValue value = SignedValue.open(bytes);
    SignedValue.verify(bytes, verifier);
    PayloadReader in = EntryCodec.reader(value.payload());
    try {
      if (value.kind() != SignedValue.POINTER) {
        throw new IndexException(IndexError.SIGNATURE_INVALID, "an entry in a pointer's place");
      }
      MapGeometry geometry = MapGeometry.read(in);
      in.end();
      return new IndexPointer(value.sequence() >>> COUNTER_BITS, geometry);
    } catch (SnapshotException | IllegalArgumentException e) {
      throw new IndexException(IndexError.DAMAGED, "the pointer: " + e.getMessage(), e);
    }
  }

  /**
   * The bytes of the pointer in a folder, believed in nothing.
   *
   * @throws IndexException {@code io}
   */
  static Optional<byte[]> read(Path folder) throws IndexException {
    try (var in = Files.newInputStream(folder.resolve(FILE))) {
      return Optional.of(in.readNBytes(SignedValue.MAX_BYTES + 1));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException e) {
      throw IndexException.of("reading the pointer", e);
    }
  }

  static void publish(Path folder, byte[] pointer) throws IndexException {
    try {
      DurableFiles.replace(folder.resolve(FILE), pointer, "rw-r--r--");
    } catch (IOException e) {
      throw IndexException.of("writing the pointer", e);
    }
  }

  static void withdraw(Path folder) throws IOException {
    Files.deleteIfExists(folder.resolve(FILE));
  }
}
