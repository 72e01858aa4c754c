package dev.rekindle.vmm.seccomp;

/**
 * The kinds of thread with a list each. A thread is under the list of its process and, where it is
 * of a kind of its own, under that list as well: both must allow a call.
 */
public enum ThreadKind {
  /** Every thread of a host process, the JVM's own included. */
  PROCESS("process"),
  /** The one thread on which devices work. */
  DEVICE_LOOP("device-loop"),
  /** The threads in {@code KVM_RUN}. */
  VCPU("vcpu");

  private final String listName;

  ThreadKind(String listName) {
    this.listName = listName;
  }

  /** Name of the list's file without its ending. */
  String listName() {
    return listName;
  }
}
