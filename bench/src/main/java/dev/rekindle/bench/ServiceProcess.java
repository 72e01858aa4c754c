package dev.rekindle.bench;

import dev.rekindle.pool.PoolMain;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A service of a benchmark's own, on a free port. Close ends it in order. */
final class ServiceProcess implements AutoCloseable {
  private static final int STOP_SECONDS = 30;

  private final Process process;
  private final int port;

  private ServiceProcess(Process process, int port) {
    this.process = process;
    this.port = port;
  }

  /**
   * Starts one; does not wait until it listens.
   *
   * @param state its state directory
   * @param arguments further ones of {@link PoolMain}
   */
  static ServiceProcess start(Path state, String... arguments) throws IOException {
    int port = freePort();
    List<String> all = new ArrayList<>(List.of("--listen", "127.0.0.1:" + port));
    all.addAll(List.of(arguments));
    return new ServiceProcess(java(state, PoolMain.class, all.toArray(String[]::new)), port);
  }

  /** Starts a program of ours with {@code --state}; its output goes to a file there. */
  static Process java(Path state, Class<?> main, String... arguments) throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                main.getName(),
                "--state",
                state.toString()));
    command.addAll(List.of(arguments));
    return new ProcessBuilder(command)
        .redirectOutput(state.resolve(main.getSimpleName() + ".log").toFile())
        .redirectErrorStream(true)
        .start();
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  int port() {
    return port;
  }

  @Override
  public void close() {
    process.destroy();
    try {
      if (process.waitFor(STOP_SECONDS, TimeUnit.SECONDS)) {
        return;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    process.destroyForcibly();
  }

  /** Deletes a state directory. */
  static void delete(Path directory) throws IOException {
    try (var files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
