package dev.rekindle.snapshotter.agent;

import dev.rekindle.snapshotter.host.protocol.HostException;
import dev.rekindle.snapshotter.host.protocol.HostReply;
import dev.rekindle.snapshotter.host.protocol.StreamKind;

/**
 * Hears how a command goes: one call at a time, {@code ended} or {@code failed} last. Must not
 * block.
 */
public interface ExecObserver {
  /**
   * @param pid in the guest
   */
  void started(long pid);

  /**
   * @param stream stdout or stderr
   * @param bytes given away
   */
  void output(StreamKind stream, byte[] bytes);

  /**
   * @param bytes of standard input that left for the guest, so that more may come
   */
  void stdinTaken(int bytes);

  /**
   * @param result {@code outputTruncated} is false; who truncates says so
   */
  void ended(HostReply.Exec result);

  /**
   * @param failure why there is no result
   */
  void failed(HostException failure);
}
