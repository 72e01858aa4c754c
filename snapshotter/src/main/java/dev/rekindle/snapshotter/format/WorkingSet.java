package dev.rekindle.snapshotter.format;

import dev.rekindle.vmm.memory.PageRuns;
import java.util.List;

/**
 * The pages a first request touched in a clone of a snapshot, from the resume to the answer: {@code
 * workingset.bin}.
 *
 * @param stateCrc of the state.bin it was recorded with
 * @param read pages of memory.bin that were mapped and not written
 * @param written pages that were copied
 */
public record WorkingSet(int stateCrc, PageRuns read, PageRuns written) {
  private static final String TAG = "WSET";
  private static final int RUN_BYTES = 8;

  /**
   * @return the whole file
   * @throws IllegalArgumentException if there are more runs than fit
   */
  public byte[] encode() {
    PayloadWriter out = new PayloadWriter().u32(stateCrc);
    write(out, read);
    write(out, written);
    return StateFile.encode(List.of(new Section(TAG, 0, true, out.toBytes())));
  }

  private static void write(PayloadWriter out, PageRuns pages) {
    out.u32(pages.runs());
    long behind = 0;
    for (int i = 0; i < pages.runs(); i++) {
      out.u32((int) (pages.first(i) - behind)).u32((int) (pages.end(i) - pages.first(i)));
      behind = pages.end(i);
    }
  }

  /**
   * @param bytes the whole file, trusted in nothing
   * @param stateCrc of the snapshot's state.bin
   * @param memoryBytes of the snapshot
   * @return what it holds
   * @throws SnapshotException as {@link StateFile#decode(byte[])}; {@code checksum_mismatch} also
   *     where it belongs to another snapshot
   */
  public static WorkingSet decode(byte[] bytes, int stateCrc, long memoryBytes)
      throws SnapshotException {
    WorkingSet found = null;
    for (Section section : StateFile.decode(SnapshotFormat.WORKING_SET_FILE, bytes)) {
      if (section.tag().equals(TAG) && section.index() == 0) {
        found = fromSection(section, memoryBytes / SnapshotFormat.PAGE_BYTES);
      } else {
        StateSections.requireSkippable(section);
      }
    }
    if (found == null) {
      throw new SnapshotException(
          SnapshotError.SECTION_INVALID, SnapshotFormat.WORKING_SET_FILE + " has no " + TAG);
    }
    if (found.stateCrc != stateCrc) {
      throw new SnapshotException(
          SnapshotError.CHECKSUM_MISMATCH,
          SnapshotFormat.WORKING_SET_FILE + " was recorded with another state.bin");
    }
    return found;
  }

  private static WorkingSet fromSection(Section section, long pages) throws SnapshotException {
    PayloadReader in = new PayloadReader(section);
    int crc = in.u32();
    PageRuns read = read(in, pages);
    PageRuns written = read(in, pages);
    in.end();
    return new WorkingSet(crc, read, written);
  }

  private static PageRuns read(PayloadReader in, long pages) throws SnapshotException {
    long[] bounds = new long[2 * in.count(RUN_BYTES)];
    long behind = 0;
    for (int i = 0; i < bounds.length; i += 2) {
      long gap = Integer.toUnsignedLong(in.u32());
      long length = Integer.toUnsignedLong(in.u32());
      if (length == 0 || gap == 0 && i > 0 || behind + gap + length > pages) {
        throw in.invalid("a run of " + length + " pages, " + gap + " behind page " + behind);
      }
      bounds[i] = behind + gap;
      behind = bounds[i] + length;
      bounds[i + 1] = behind;
    }
    return PageRuns.of(bounds);
  }
}
