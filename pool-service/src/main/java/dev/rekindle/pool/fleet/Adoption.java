package dev.rekindle.pool.fleet;

import dev.rekindle.pool.hostclient.HostClient;
import dev.rekindle.snapshotter.host.protocol.HostReply;
import dev.rekindle.snapshotter.host.protocol.HostRequest;
import io.vertx.core.Future;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Takes over what an earlier service left in a process. */
final class Adoption {
  private static final Logger LOG = LoggerFactory.getLogger(Adoption.class);

  /** Enters a sandbox into the books. */
  interface Books {
    void take(String sandboxId, Want want, HostSeat seat);
  }

  private final HostSeat seat;
  private final Map<String, Want> sandboxes;
  private final Books books;

  Adoption(HostSeat seat, Map<String, Want> sandboxes, Books books) {
    this.seat = seat;
    this.sandboxes = Map.copyOf(sandboxes);
    this.books = books;
  }

  Future<Set<String>> begin() {
    return seat.process().connected().map(this::takeOver);
  }

  private Set<String> takeOver(HostClient client) {
    Set<String> there = new TreeSet<>();
    for (String id : client.sandboxes()) {
      Want want = sandboxes.get(id);
      if (want != null) {
        books.take(id, want, seat);
        there.add(id);
      } else {
        LOG.info("{} holds {}, which nobody leases; it is released", seat.name(), id);
        client
            .request(new HostRequest.Release(id), HostReply.Release.class)
            .onFailure(e -> LOG.warn("release of {}: {}", id, e.getMessage()));
      }
    }
    return there;
  }
}
