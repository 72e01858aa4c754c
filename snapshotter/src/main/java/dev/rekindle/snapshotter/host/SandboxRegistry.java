package dev.rekindle.snapshotter.host;

import dev.rekindle.snapshotter.host.protocol.HostException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * The sandboxes of this process by id, and the execs that run in each. An id goes reserved → live →
 * gone. Thread: any.
 */
final class SandboxRegistry {
  private static final class Entry {
    private Sandbox sandbox;
    private final Set<ExecStream> execs = new HashSet<>();
  }

  private final Map<String, Entry> entries = new TreeMap<>();
  private boolean closed;

  /** Takes an id for a sandbox still to be made. */
  synchronized void reserve(String id) throws HostException {
    if (closed) {
      throw shuttingDown();
    }
    if (entries.putIfAbsent(id, new Entry()) != null) {
      throw new HostException("sandbox.exists", "there is a sandbox " + id);
    }
  }

  /** Gives back an id whose sandbox was not made. */
  synchronized void unreserve(String id) {
    entries.remove(id);
  }

  /** Makes a reserved id live; the caller closes the sandbox where this throws. */
  synchronized void add(String id, Sandbox sandbox) throws HostException {
    if (closed) {
      throw shuttingDown();
    }
    entries.get(id).sandbox = sandbox;
  }

  /** Lets an exec belong to a live sandbox. */
  synchronized Sandbox join(String id, ExecStream exec) throws HostException {
    Entry entry = live(id);
    entry.execs.add(exec);
    return entry.sandbox;
  }

  synchronized void leave(String id, ExecStream exec) {
    Entry entry = entries.get(id);
    if (entry != null) {
      entry.execs.remove(exec);
    }
  }

  /**
   * Takes a sandbox out; from now on its id is free and only the caller has it.
   *
   * @throws HostException {@code sandbox.unknown}
   */
  Sandbox remove(String id, HostException reasonForExecs) throws HostException {
    Entry entry;
    synchronized (this) {
      entry = live(id);
      entries.remove(id);
    }
    abort(entry, reasonForExecs);
    return entry.sandbox;
  }

  /** Takes out exactly this sandbox; false if the id is free or another's by now. */
  @SuppressWarnings("ReferenceEquality")
  boolean remove(String id, Sandbox sandbox, HostException reasonForExecs) {
    Entry entry;
    synchronized (this) {
      entry = entries.get(id);
      if (entry == null || entry.sandbox != sandbox) {
        return false;
      }
      entries.remove(id);
    }
    abort(entry, reasonForExecs);
    return true;
  }

  /** Takes out all and lets no more in. */
  List<Sandbox> close() {
    List<Entry> all;
    synchronized (this) {
      closed = true;
      all = new ArrayList<>(entries.values());
      entries.clear();
    }
    all.forEach(entry -> abort(entry, shuttingDown()));
    return all.stream().map(entry -> entry.sandbox).filter(s -> s != null).toList();
  }

  synchronized List<String> ids() {
    return entries.entrySet().stream()
        .filter(e -> e.getValue().sandbox != null)
        .map(Map.Entry::getKey)
        .toList();
  }

  static HostException shuttingDown() {
    return new HostException("host.shutting_down", "the host process is stopping");
  }

  private Entry live(String id) throws HostException {
    Entry entry = entries.get(id);
    if (entry == null || entry.sandbox == null) {
      throw new HostException("sandbox.unknown", "there is no sandbox " + id);
    }
    return entry;
  }

  private void abort(Entry entry, HostException reason) {
    List<ExecStream> execs;
    synchronized (this) {
      execs = List.copyOf(entry.execs);
    }
    execs.forEach(exec -> exec.abort(reason));
  }
}
