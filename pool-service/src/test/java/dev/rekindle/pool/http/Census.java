package dev.rekindle.pool.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.File;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.lang.management.ThreadMXBean;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/**
 * What the service and its processes hold. Descriptors and threads are those of this JVM, in which
 * both the service and the test's client run.
 */
record Census(Map<String, Long> counts) {
  private static final long WAIT_NANOS = TimeUnit.SECONDS.toNanos(30);

  /** Counts now. */
  static Census of(TestService service) throws IOException {
    Map<String, Long> counts = new TreeMap<>();
    JsonNode status = service.status();
    counts.put("leases", status.path("leases").asLong(-1));
    counts.put("acquires that wait", status.path("waiting").asLong(-1));
    counts.put("sandboxes", status.path("host").path("sandboxes").asLong(Long.MAX_VALUE));
    counts.put("descriptors of the host process", status.path("host").path("fds").asLong());
    counts.put("builds", (long) builds(service));
    counts.put("processes", ProcessHandle.current().descendants().count());
    counts.put("descriptors", descriptors(ProcessHandle.current().pid()));
    counts.put("threads", threads());
    counts.put("files of the state directory and of the cache", tree(service.state().toFile()));
    counts.put("uploads", new File("file-uploads").exists() ? list("file-uploads") : 0);
    return new Census(counts);
  }

  private static int builds(TestService service) throws IOException {
    return service.http().send("GET", "/v1/templates", "-", "").json().path("building").size();
  }

  /**
   * Without the jars of the class path, each of which is opened when a class is first looked for.
   */
  static long descriptors(long pid) {
    return Arrays.stream(new File("/proc/" + pid + "/fd").listFiles())
        .map(Census::target)
        .filter(target -> !target.isEmpty() && !target.endsWith(".jar"))
        .count();
  }

  private static String target(File descriptor) {
    try {
      return Files.readSymbolicLink(descriptor.toPath()).toString();
    } catch (IOException closed) {
      return "";
    }
  }

  private static long list(String directory) {
    return new File(directory).list().length;
  }

  /** Unlike the stream of {@code Files}, not disturbed by what goes away meanwhile. */
  private static long tree(File file) {
    File[] inside = file.listFiles();
    return 1 + (inside == null ? 0 : Arrays.stream(inside).mapToLong(Census::tree).sum());
  }

  /**
   * Threads of pools that give theirs back only after a minute are left out: one {@code process
   * reaper} waits for each process, and those are counted; a virtual thread's carrier is shared.
   */
  private static long threads() {
    ThreadMXBean all = ManagementFactory.getThreadMXBean();
    return Arrays.stream(all.getThreadInfo(all.getAllThreadIds()))
        .filter(thread -> thread != null && isOwned(thread))
        .count();
  }

  private static boolean isOwned(ThreadInfo thread) {
    String name = thread.getThreadName();
    return !name.startsWith("process reaper") && !name.startsWith("ForkJoinPool");
  }

  /** Waits until nothing is more than it was, and fails by what still is. */
  void assertNothingMore(TestService service) throws Exception {
    long deadline = System.nanoTime() + WAIT_NANOS;
    Map<String, String> more = more(service);
    while (!more.isEmpty() && System.nanoTime() < deadline) {
      Thread.sleep(20);
      more = more(service);
    }
    assertThat(more).as("what leaked").isEmpty();
  }

  private Map<String, String> more(TestService service) throws IOException {
    Map<String, String> more = new TreeMap<>();
    of(service)
        .counts
        .forEach((what, now) -> {
          if (now > counts.get(what)) {
            more.put(what, counts.get(what) + " before, " + now + " after");
          }
        });
    return more;
  }
}
