package dev.rekindle.pool.http;

import dev.rekindle.pool.fleet.FleetLimits;
import java.nio.file.Path;

/**
 * The service with host processes that have no VMs, as a process that can be killed: prints its
 * port, stops in order with its standard input.
 */
final class SuccessorMain {
  private SuccessorMain() {}

  public static void main(String... args) throws Exception {
    FleetLimits two = new FleetLimits(32, 2, 1, 300, 0, 30);
    TestService service = new TestService(Path.of(args[0]), TestService.PANICKING_BUILDER, two);
    service.onHandedOver(() -> System.exit(0));
    System.out.println(service.port());
    System.in.transferTo(System.err);
    service.close();
    System.exit(0);
  }
}
