package dev.rekindle.pool.jail;

import dev.rekindle.pool.hostclient.HostLauncher;
import dev.rekindle.pool.hostclient.HostSpec;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Starts host processes in the jail, and takes back what was made for one when it has ended. */
public final class JailLauncher implements HostLauncher {
  private static final Logger LOG = LoggerFactory.getLogger(JailLauncher.class);

  private final Jail jail;

  /** The newest of each name; what is done about a name is done under its key's lock. */
  private final ConcurrentMap<String, Object> newest = new ConcurrentHashMap<>();

  /**
   * @param jail where they live
   */
  public JailLauncher(Jail jail) {
    this.jail = jail;
  }

  @Override
  public Process launch(HostSpec spec) throws IOException {
    try {
      Process[] started = new Process[1];
      newest.compute(spec.name(), (_, _) -> started[0] = start(spec));
      clearAfter(spec.name(), started[0], started[0].onExit());
      return started[0];
    } catch (LaunchFailure e) {
      throw e.cause;
    }
  }

  @Override
  public void adopt(HostSpec spec, ProcessHandle process) {
    newest.put(spec.name(), process);
    clearAfter(spec.name(), process, process.onExit());
  }

  private void clearAfter(String name, Object process, CompletableFuture<?> exit) {
    exit.thenRun(() -> Thread.ofVirtual().start(() -> ended(name, process)));
  }

  private Process start(HostSpec spec) {
    try {
      ProcessBuilder builder = new ProcessBuilder(jail.enter(spec));
      builder.redirectError(ProcessBuilder.Redirect.appendTo(spec.log().toFile()));
      Process outer = builder.start();
      return jail.has(Layer.NAMESPACES) ? JailedProcess.inside(outer) : outer;
    } catch (IOException e) {
      clear(spec.name());
      throw new LaunchFailure(e);
    }
  }

  private void ended(String name, Object process) {
    newest.computeIfPresent(
        name,
        (_, current) -> {
          if (!current.equals(process)) {
            return current;
          }
          clear(name);
          return null;
        });
  }

  private void clear(String name) {
    try {
      jail.clear(name);
    } catch (IOException e) {
      LOG.warn("something of {} stays behind: {}", name, e.getMessage());
    }
  }

  /** Carries the cause out of the map's function. */
  private static final class LaunchFailure extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private final transient IOException cause;

    LaunchFailure(IOException cause) {
      super(cause);
      this.cause = cause;
    }
  }
}
