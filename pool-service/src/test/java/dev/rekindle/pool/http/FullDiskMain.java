package dev.rekindle.pool.http;

import java.nio.file.Path;
import java.util.List;

/**
 * The service with the real builder, as a process: prints its port, ends with its standard input.
 */
final class FullDiskMain {
  private FullDiskMain() {}

  public static void main(String... args) throws Exception {
    List<String> builder =
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--enable-native-access=ALL-UNNAMED",
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            "-cp",
            System.getProperty("java.class.path"),
            "dev.rekindle.snapshotter.template.BuilderMain");
    TestService service = new TestService(Path.of(args[0]), builder);
    System.out.println(service.port());
    System.in.transferTo(System.err);
    service.close();
    System.exit(0);
  }
}
