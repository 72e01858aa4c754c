package dev.rekindle.snapshotter.host;

import dev.rekindle.snapshotter.host.protocol.HostRequest;
import java.nio.file.Path;
import java.util.List;

/**
 * What a parked sandbox is made of.
 *
 * @param snapshotDir restored
 * @param imagesDir holds its disks, by digest
 * @param warmUp run in the clone before it stands still; empty for nothing
 */
record ParkedRecipe(Path snapshotDir, Path imagesDir, List<String> warmUp) {
  static ParkedRecipe of(HostRequest.Pool request) {
    return new ParkedRecipe(
        Path.of(request.snapshotDir()), Path.of(request.imagesDir()), request.warmUp());
  }
}
