package dev.rekindle.pool.hostclient;

import java.io.IOException;

/** Starts host processes. Thread: any, several at once; may block. */
public interface HostLauncher {
  /**
   * Starts one. Its folders are there, its socket is not.
   *
   * @param spec which
   * @return the process, whose standard output says {@code ready} when the socket accepts; killing
   *     it kills all that was started with it
   * @throws IOException if it cannot be started; nothing of it is left
   */
  Process launch(HostSpec spec) throws IOException;

  /**
   * Takes over one that an earlier service launched: what belongs to it is taken back when it ends,
   * as if it had been launched here. By default nothing belongs to one.
   *
   * @param spec which
   * @param process it, as this machine's kernel numbers it
   */
  default void adopt(HostSpec spec, ProcessHandle process) {}
}
