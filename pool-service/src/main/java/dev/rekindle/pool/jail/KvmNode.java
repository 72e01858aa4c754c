package dev.rekindle.pool.jail;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;

/**
 * A device node of its own for each host process: the same device as {@code /dev/kvm}, owned by the
 * process's user and closed to all others. So {@code /dev/kvm} keeps its owner and mode, nobody
 * joins its group, and the node can be shown to one process alone. It is under {@code /dev} because
 * that is where nodes work: other file systems are mounted {@code nodev}.
 */
final class KvmNode {
  static final Path KVM = Path.of("/dev/kvm");

  private final Path folder;

  /**
   * @param name of the service's own folder under {@code /dev}
   */
  KvmNode(String name) {
    folder = Path.of("/dev", name);
  }

  /** Makes the node, over an older one. */
  Path make(String host, int uid) throws IOException {
    Files.createDirectories(
        folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    Path node = folder.resolve(host);
    Files.deleteIfExists(node);
    // As the C library's makedev() packs them.
    long device = (long) Files.getAttribute(KVM, "unix:rdev");
    long major = device >>> 8 & 0xFFF | device >>> 32 & ~0xFFF;
    long minor = device & 0xFF | device >>> 12 & ~0xFF;
    Path mknod = Programs.find("mknod").orElseThrow(() -> new IOException("there is no mknod"));
    Programs.Ended ended =
        Programs.run(
            List.of(
                mknod.toString(),
                "--mode=0600",
                node.toString(),
                "c",
                Long.toString(major),
                Long.toString(minor)));
    if (ended.exitCode() != 0) {
      throw new IOException("making " + node + ": " + ended.output());
    }
    Files.setAttribute(node, "unix:uid", uid);
    Files.setAttribute(node, "unix:gid", uid);
    return node;
  }

  void remove(String host) throws IOException {
    Files.deleteIfExists(folder.resolve(host));
    if (Files.isDirectory(folder)) {
      try (DirectoryStream<Path> left = Files.newDirectoryStream(folder)) {
        if (!left.iterator().hasNext()) {
          Files.deleteIfExists(folder);
        }
      }
    }
  }
}
