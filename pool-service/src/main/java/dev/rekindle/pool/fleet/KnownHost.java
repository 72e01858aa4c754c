package dev.rekindle.pool.fleet;

import java.time.Instant;
import java.util.Optional;

/**
 * What a later service must know of a host process to take it over.
 *
 * @param slot its place
 * @param pid as this machine's kernel numbers it
 * @param startedAt when the process began, so that another of the same number is not taken for it;
 *     null where the kernel does not say
 * @param socket where it listens; absolute
 */
public record KnownHost(int slot, long pid, Instant startedAt, String socket) {
  static KnownHost of(HostSeat seat) {
    long pid = seat.process().pid();
    return new KnownHost(
        seat.load().slot(),
        pid,
        ProcessHandle.of(pid).flatMap(p -> p.info().startInstant()).orElse(null),
        seat.process().spec().socket().toString());
  }

  /** The process, if it is this one still. */
  Optional<ProcessHandle> find() {
    return ProcessHandle.of(pid)
        .filter(ProcessHandle::isAlive)
        .filter(process ->
            startedAt == null || startedAt.equals(process.info().startInstant().orElse(null)));
  }
}
