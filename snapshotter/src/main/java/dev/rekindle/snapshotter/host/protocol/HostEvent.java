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

  /** The terminal of the exec with this request id shall have another size. */
  record Resize(HostRequest.Terminal size) implements HostEvent {}

  /**
   * A sandbox was parked, or one that was is no more; request id 0.
   *
   * @param snapshotDir of which snapshot
   * @param parked sandboxes there are now
   * @param shells VMs without a guest of its shape there are now
   */
  record StockChanged(String snapshotDir, int parked, int shells) implements HostEvent {}

  /**
   * The VM stopped by itself; request id 0.
   *
   * @param reason {@code reboot}, {@code power_off}, {@code crash}, {@code halted}, {@code
   *     triple_fault}, {@code memory_lost} or {@code kvm_error}
   * @param consoleTail last lines of the guest's console
   */
  record SandboxExited(String sandboxId, String reason, String consoleTail) implements HostEvent {}
}
