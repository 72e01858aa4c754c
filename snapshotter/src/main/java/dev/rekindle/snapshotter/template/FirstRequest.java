package dev.rekindle.snapshotter.template;

import dev.rekindle.snapshotter.format.WorkingSet;
import java.nio.file.Path;
import java.util.List;

/** Learns what a template's first request touches. Thread: one, the builder's; blocks. */
public interface FirstRequest {
  /**
   * Lets a clone of a fresh snapshot answer a request.
   *
   * @param snapshotDir the snapshot, published a moment ago
   * @param command to run in the clone once it is unique; empty for none
   * @return what it touched from its resume to the command's end, whatever that was
   * @throws BuildException where there is no clone, or it stops; the snapshot stays as it was
   */
  WorkingSet record(Path snapshotDir, List<String> command) throws BuildException;
}
