package dev.rekindle.cli.doctor;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

/** A folder that looks like a host. */
record FakeHost(Path root) {
  FakeHost with(String file, String text) throws IOException {
    Path path = root.resolve(file.substring(1));
    Files.createDirectories(path.getParent());
    Files.writeString(path, text);
    return this;
  }

  FakeHost withFolder(String folder) throws IOException {
    Files.createDirectories(root.resolve(folder.substring(1)));
    return this;
  }

  FakeHost withProgram(String file) throws IOException {
    with(file, "");
    Files.setPosixFilePermissions(
        root.resolve(file.substring(1)), PosixFilePermissions.fromString("rwxr-xr-x"));
    return this;
  }

  HostFiles files() {
    return new HostFiles(root, "/usr/bin:/usr/sbin:relative");
  }
}
