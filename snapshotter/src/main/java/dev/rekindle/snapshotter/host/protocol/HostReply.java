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
   * @param level what is kept ready of the snapshot after it; null if nothing is to be
   */
  record Acquire(String served, Map<String, Long> stagesMicros, Level level) implements HostReply {}

  /**
   * What is there of one snapshot.
   *
   * @param parked sandboxes
   * @param shells VMs without a guest of its shape
   */
  record Level(int parked, int shells) {}

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

  /**
   * The sandbox is gone and all it held is returned.
   *
   * @param memory what its lease had cost; null where the process did not count it
   */
  record Release(Memory memory) implements HostReply {}

  /**
   * What the accesses of a sandbox cost the host since it was acquired.
   *
   * @param minorFaults of its vCPUs, served from memory
   * @param majorFaults of its vCPUs that waited for a disk
   * @param copiedBytes pages that became its own, prefetched ones included
   */
  record Memory(long minorFaults, long majorFaults, long copiedBytes) implements HostReply {}

  /**
   * A snapshot this process has open.
   *
   * @param memoryBytes of its memory file, holes included
   * @param dataBytes of that which are not zero
   * @param residentBytes of the file in the page cache; null where the kernel does not tell
   * @param workingSetBytes prefetched by each restore; 0 where it is not known
   */
  record SnapshotLevel(
      String snapshotDir,
      long memoryBytes,
      long dataBytes,
      Long residentBytes,
      long workingSetBytes) {}

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
   * @param snapshots each snapshot that is open; what is resident is looked at every 10 s at most
   * @param index what this process read in the snapshot index
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
      List<PoolLevel> pools,
      List<SnapshotLevel> snapshots,
      IndexStats index)
      implements HostReply {}

  /**
   * What a process read in the snapshot index.
   *
   * @param generation of the file it has mapped; 0 if none
   * @param entries in that file
   * @param reads entries asked for
   * @param rejected values and pointers that were not believed
   * @param unindexed snapshots loaded while there was no index
   */
  record IndexStats(long generation, int entries, long reads, long rejected, long unindexed) {
    /** Of a process that was given no key. */
    public static final IndexStats NONE = new IndexStats(0, 0, 0, 0, 0);
  }
}
