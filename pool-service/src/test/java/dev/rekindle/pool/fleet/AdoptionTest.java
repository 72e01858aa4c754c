package dev.rekindle.pool.fleet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rekindle.pool.error.ServiceException;
import dev.rekindle.pool.hostclient.FakeHost;
import dev.rekindle.pool.hostclient.HostSpec;
import dev.rekindle.snapshotter.host.protocol.HostReply;
import dev.rekindle.snapshotter.host.protocol.HostRequest;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Two fleets one after the other, and a process (without VMs) that outlives the first. */
@Timeout(120)
class AdoptionTest {
  private static final Want WANT = new Want("base", "/snapshots/base-1", "acme", false, false);

  private final Vertx vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(1));
  private final Context loop = vertx.getOrCreateContext();
  private final BlockingQueue<String> lost = new LinkedBlockingQueue<>();
  @TempDir private Path state;
  private HostFleet earlier;
  private HostFleet later;

  private static final class Silent implements HostFleet.Counter {
    @Override
    public void hostStarted() {}

    @Override
    public void hostLost() {}
  }

  private final class Losses implements FleetListener {
    @Override
    public void sandboxExited(String sandboxId, String reason, String consoleTail) {
      lost.add(sandboxId + " " + reason);
    }

    @Override
    public void hostLost(Collection<String> sandboxIds) {
      lost.addAll(sandboxIds);
    }
  }

  private static Process launch(HostSpec spec) throws IOException {
    return new ProcessBuilder(spec.command())
        .redirectError(ProcessBuilder.Redirect.appendTo(spec.log().toFile()))
        .start();
  }

  private HostFleet fleet() {
    List<String> program =
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            "-Xmx64m",
            "-cp",
            System.getProperty("java.class.path"),
            FakeHost.class.getName());
    return new HostFleet(
        vertx,
        new FleetLimits(4, 1, 1, 300, 0),
        new HostFleet.Start(AdoptionTest::launch, program, state),
        new Losses(),
        new Silent());
  }

  private <T> T await(Supplier<Future<T>> work) throws Exception {
    Promise<T> done = Promise.promise();
    loop.runOnContext(_ -> work.get().onComplete(done));
    return done.future().await(60, TimeUnit.SECONDS);
  }

  private HostReply.Acquire lease(HostFleet fleet, String id) throws Exception {
    HostRequest.Identity identity = new HostRequest.Identity(id, "0".repeat(32), id);
    HostRequest.Acquire request =
        new HostRequest.Acquire(id, WANT.snapshotDir(), "/images", "acme", null, identity);
    return await(() -> fleet.place(id, WANT).compose(seat -> seat.make(request)));
  }

  @BeforeEach
  void startTheEarlierOne() throws Exception {
    await(() -> {
      earlier = fleet();
      later = fleet();
      earlier.start();
      return Future.succeededFuture();
    });
  }

  @AfterEach
  void stop() throws Exception {
    await(() -> earlier.stop());
    await(() -> later.stop());
    vertx.close().await(20, TimeUnit.SECONDS);
    assertThat(ProcessHandle.current().descendants()).isEmpty();
  }

  @Test
  void shouldTakeOverWhatIsLeasedAndReleaseTheRest() throws Exception {
    lease(earlier, "sb-leased");
    lease(earlier, "sb-forgotten");
    KnownHost known = earlier.known("sb-leased").orElseThrow();

    assertThat(await(() -> later.adopt(known, Map.of("sb-leased", WANT, "sb-gone", WANT))))
        .containsExactly("sb-leased");

    assertThat(later.holder("sb-leased")).isPresent();
    HostView view = await(() -> later.views()).getFirst();
    assertThat(view.tenants()).containsExactly("acme");
    assertThat(view.tenancy()).isEqualTo("only");
    assertThat(view.pid()).isEqualTo(known.pid());
    // There are no counts while the first answer is still owed.
    while (await(() -> later.views())
        .getFirst()
        .stats()
        .filter(stats -> stats.sandboxes() == 1)
        .isEmpty()) {
      TimeUnit.MILLISECONDS.sleep(10);
    }
    // It serves on, and is watched like any other.
    lease(later, "sb-new");
    await(() -> earlier.stop());
    assertThat(List.of(lost.take(), lost.take(), lost.take(), lost.take()))
        .contains("sb-leased", "sb-new");
    assertThat(later.holder("sb-leased")).isEmpty();
  }

  @Test
  void shouldNotTakeAnotherProcessOfTheSameNumberForIt() throws Exception {
    lease(earlier, "sb-leased");
    KnownHost known = earlier.known("sb-leased").orElseThrow();
    KnownHost other = new KnownHost(known.slot(), known.pid(), Instant.EPOCH, known.socket());

    assertThatThrownBy(() -> await(() -> later.adopt(other, Map.of("sb-leased", WANT))))
        .isInstanceOf(ServiceException.class);

    assertThat(later.holder("sb-leased")).isEmpty();
    assertThat(ProcessHandle.of(known.pid())).isPresent();
  }
}
