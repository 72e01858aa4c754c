package dev.rekindle.snapshotter.guest;

import dev.rekindle.snapshotter.image.AgentProgram;
import java.io.IOException;
import java.net.SocketException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** The real agent, compiled once, as a process on a Unix socket. */
final class AgentProcess implements AutoCloseable {
  private static Path program;

  private final Path socket;
  private final Path root;
  private final Process process;

  AgentProcess(Path directory) throws Exception {
    socket = directory.resolve("agent.sock");
    root = Files.createDirectories(directory.resolve("root"));
    Files.createDirectories(root.resolve("etc"));
    Files.createDirectories(root.resolve("run/rekindle"));
    process =
        new ProcessBuilder(
                program().toString(),
                "--test-unix",
                socket.toString(),
                "--test-root",
                root.toString())
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("log").toFile())
            .start();
    awaitListening();
  }

  /** The file is there from bind on, a moment before listen: only a connection proves it. */
  private void awaitListening() throws Exception {
    while (process.isAlive()) {
      try {
        connect().close();
        return;
      } catch (SocketException e) {
        Thread.sleep(10);
      }
    }
  }

  private static synchronized Path program() throws Exception {
    if (program == null) {
      Path directory = Files.createTempDirectory("rekindle-agent-test");
      directory.toFile().deleteOnExit();
      // With the checkers on: a test that passes over a stray write proves little.
      program =
          AgentProgram.compile(directory, List.of("-D_FORTIFY_SOURCE=2", "-fstack-protector-all"));
      try (Stream<Path> files = Files.list(directory)) {
        files.forEach(file -> file.toFile().deleteOnExit());
      }
    }
    return program;
  }

  AgentConnection connect() throws IOException {
    SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
    channel.connect(UnixDomainSocketAddress.of(socket));
    return new AgentConnection(channel);
  }

  Path root() {
    return root;
  }

  boolean isAlive() {
    return process.isAlive();
  }

  long openFiles() throws IOException {
    try (Stream<Path> fds = Files.list(Path.of("/proc/" + process.pid() + "/fd"))) {
      return fds.count();
    }
  }

  long children() {
    return process.toHandle().children().count();
  }

  List<ProcessHandle> descendants() {
    return process.descendants().toList();
  }

  /** Resident memory, bytes. */
  long residentBytes() throws IOException {
    String pages = Files.readString(Path.of("/proc/" + process.pid() + "/statm")).split(" ")[1];
    return Long.parseLong(pages) * 4096;
  }

  @Override
  public void close() {
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly().onExit().join();
  }
}
