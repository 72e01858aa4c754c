package dev.rekindle.snapshotter.host.protocol;

/** What is said between request and reply, or without a request. */
public sealed interface HostEvent {
  /** The command of the exec with this request id runs; {@code pid} is the guest's. */
  record Started(long pid) implements HostEvent {}

  /** The receiver takes that many more stream bytes of the exec with this request id. */
  record Window(int bytes) implements HostEvent {
    /** Checks that something is granted. */
    public Window {
      HostProtocol.requireRange("window", bytes, 1, Integer.MAX_VALUE);
    }
  }

  /**
   * The VM stopped by itself; request id 0.
   *
   * @param reason {@code reboot}, {@code power_off}, {@code crash}, {@code halted}, {@code
   *     triple_fault} or {@code kvm_error}
   * @param consoleTail last lines of the guest's console
   */
  record SandboxExited(String sandboxId, String reason, String consoleTail) implements HostEvent {}
}
