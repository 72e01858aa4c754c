package dev.rekindle.pool.jail;

import java.util.Locale;

/** A layer of the jail. */
public enum Layer {
  /** Own mount, pid, network, ipc, uts and cgroup namespaces over a minimal read-only root. */
  NAMESPACES,
  /** Own user and group, of no capability. */
  IDENTITY,
  /** Resource limits of the process. */
  RLIMITS,
  /** The lists of system calls. */
  SECCOMP,
  /** A control group with limits. */
  CGROUP;

  /**
   * @return as the API names it
   */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * Whether this machine gives it.
   *
   * @param on it does
   * @param detail what it consists of, or what is missing
   * @param fix what to do about that; empty if it is on
   */
  public record State(boolean on, String detail, String fix) {
    static State on(String detail) {
      return new State(true, detail, "");
    }

    static State off(String detail, String fix) {
      return new State(false, detail, fix);
    }
  }
}
