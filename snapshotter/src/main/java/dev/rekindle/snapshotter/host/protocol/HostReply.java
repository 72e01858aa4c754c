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

  /** The pool's levels are known; they are reached in their time. */
  record Pool() implements HostReply {}

  /** The sandbox is gone and all it held is returned. */
  record Release() implements HostReply {}

  /**
   * What is kept ready of one snapshot.
   *
   * @param parked sandboxes there
   * @param parkedWanted sandboxes to be kept
   * @param shells VMs without a guest of its shape there
   * @param made parked sandboxes made so far
   * @param makeMicros what making one takes, a running mean; 0 before the first
   * @param failures since the last that was made
   * @param lastError why, or null
   */
  record PoolLevel(
      String snapshotDir,
      int parked,
      int parkedWanted,
      int shells,
      long made,
      long makeMicros,
      int failures,
      String lastError) {}

  /**
   * @param sandboxes acquired and not released
   * @param shells VMs without a guest
   * @param parked sandboxes made ahead
   * @param rssBytes resident memory, pages shared with other processes counted fully
   * @param pssBytes resident memory, shared pages divided among their users
   * @param pools each snapshot something is kept ready of
   */
  record Stats(
      int sandboxes,
      int shells,
      int parked,
      long rssBytes,
      long pssBytes,
      int mappings,
      int fds,
      int threads,
      List<PoolLevel> pools)
      implements HostReply {}
}
