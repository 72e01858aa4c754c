package dev.rekindle.pool.lease;

import dev.rekindle.snapshotter.template.Template;
import io.vertx.core.Future;
import java.util.Map;

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
   * Unmakes one.
   *
   * @param id of it
   * @return done when it and all it held is gone
   */
  Future<Void> destroy(String id);
}
