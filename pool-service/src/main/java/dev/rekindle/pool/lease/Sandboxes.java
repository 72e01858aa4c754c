package dev.rekindle.pool.lease;

import dev.rekindle.snapshotter.host.protocol.HostReply;
import dev.rekindle.snapshotter.template.Template;
import io.vertx.core.Future;
import java.util.Collection;
import java.util.Map;
import java.util.Set;

/** Makes and unmakes sandboxes. Thread: one event loop, on which its futures complete. */
public interface Sandboxes {
  /**
   * A sandbox there is.
   *
   * @param served {@code new}, {@code shell}, {@code parked} or {@code boot}
   * @param stagesMicros microseconds of each stage, in the order they ran
   */
  record Made(String served, Map<String, Long> stagesMicros) {}

  /**
   * Makes one.
   *
   * @param id of it, and its host name
   * @param template of it
   * @param tenant whom it is for; empty for nobody in particular
   * @return the sandbox, or a {@link dev.rekindle.pool.error.ServiceException} as failure
   */
  Future<Made> make(String id, Template template, String tenant);

  /**
   * Takes over what an earlier service has made, and unmakes what is no lease's.
   *
   * @param leases that are to go on
   * @return ids of those of them whose sandboxes live
   */
  Future<Set<String>> takeOver(Collection<Lease> leases);

  /**
   * Unmakes one.
   *
   * @param id of it
   * @return what its memory had cost, or null where that is not known; done when it and all it held
   *     is gone
   */
  Future<HostReply.Memory> destroy(String id);

  /**
   * Looks at one.
   *
   * @param id of it
   * @return what its memory has cost so far
   */
  Future<HostReply.Memory> memory(String id);
}
