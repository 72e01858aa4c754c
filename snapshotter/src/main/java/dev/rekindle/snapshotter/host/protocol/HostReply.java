package dev.rekindle.snapshotter.host.protocol;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;
import java.util.Map;

/** What a request is answered with where it went well. */
public sealed interface HostReply {
  /**
   * @param pid the host process
   * @param version of the protocol
   * @param kvm what this machine's KVM is
   * @param sandboxes ids alive from an earlier connection
   */
  record Hello(long pid, int version, KvmKind kvm, List<String> sandboxes) implements HostReply {}

  /**
   * @param runsNatively false where /dev/kvm is missing or only emulates guest instructions
   */
  record KvmKind(@JsonProperty("native") boolean runsNatively) {}

  /**
   * @param served {@code new}, {@code shell}, {@code parked} or {@code boot}
   * @param stagesMicros microseconds of each stage, in the order they ran
   */
  record Acquire(String served, Map<String, Long> stagesMicros) implements HostReply {}

  /**
   * @param exitCode −1 where a signal ended the command
   * @param signal 0 where none did
   * @param outOfMemory whether it was killed because the guest had no more memory
   * @param outputTruncated whether output beyond {@code maxOutputBytes} was thrown away
   */
  record Exec(
      int exitCode,
      int signal,
      boolean timedOut,
      boolean outOfMemory,
      long wallMicros,
      long cpuMicros,
      long maxRssBytes,
      boolean outputTruncated)
      implements HostReply {}

  /**
   * @param canceled false if the exec had ended already
   */
  record Cancel(boolean canceled) implements HostReply {}

  /** The sandbox is gone and all it held is returned. */
  record Release() implements HostReply {}

  /**
   * @param sandboxes acquired and not released
   * @param shells VMs built ahead
   * @param rssBytes resident memory, pages shared with other processes counted fully
   * @param pssBytes resident memory, shared pages divided among their users
   */
  record Stats(
      int sandboxes, int shells, long rssBytes, long pssBytes, int mappings, int fds, int threads)
      implements HostReply {}
}
