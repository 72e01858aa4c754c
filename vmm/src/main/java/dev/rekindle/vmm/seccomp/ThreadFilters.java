package dev.rekindle.vmm.seccomp;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.rekindle.vmm.abi.linux.SockFilter;
import dev.rekindle.vmm.sys.ErrnoException;
import dev.rekindle.vmm.sys.SeccompSyscalls;
import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * The compiled lists. {@link #confineProcess} comes first and once; threads made later inherit what
 * their maker is under, so a thread of a kind of its own must make none. Thread: any.
 */
public final class ThreadFilters {
  private static final ThreadFilters NONE = new ThreadFilters(Map.of());

  private final Map<ThreadKind, MemorySegment> programs;

  private ThreadFilters(Map<ThreadKind, MemorySegment> programs) {
    this.programs = programs;
  }

  /**
   * @return filters that let everything through
   */
  public static ThreadFilters none() {
    return NONE;
  }

  /**
   * Reads and compiles the lists.
   *
   * @param mode what becomes of what they do not allow
   * @return the filters; in memory for as long as the process lives
   */
  public static ThreadFilters load(SeccompMode mode) {
    if (mode == SeccompMode.OFF) {
      return NONE;
    }
    SyscallNumbers numbers = SyscallNumbers.load();
    Map<ThreadKind, MemorySegment> programs = new EnumMap<>(ThreadKind.class);
    for (ThreadKind kind : ThreadKind.values()) {
      SyscallList list = SyscallList.load(kind, numbers);
      programs.put(kind, encode(FilterCompiler.compile(list, mode.refusal())));
    }
    return new ThreadFilters(programs);
  }

  private static MemorySegment encode(List<BpfInstruction> program) {
    MemorySegment encoded =
        Arena.global().allocate(MemoryLayout.sequenceLayout(program.size(), SockFilter.LAYOUT));
    long at = 0;
    for (BpfInstruction i : program) {
      encoded.set(JAVA_SHORT, at + SockFilter.CODE, (short) i.code());
      encoded.set(JAVA_BYTE, at + SockFilter.JT, (byte) i.jt());
      encoded.set(JAVA_BYTE, at + SockFilter.JF, (byte) i.jf());
      encoded.set(JAVA_INT, at + SockFilter.K, i.k());
      at += SockFilter.LAYOUT.byteSize();
    }
    return encoded.asReadOnly();
  }

  /**
   * Puts every thread of the process, now and later, under the list of the process.
   *
   * @throws SeccompUnavailableException if the kernel takes no filters
   */
  public void confineProcess() {
    install(ThreadKind.PROCESS, true);
  }

  /**
   * Puts the calling platform thread under the list of its kind as well.
   *
   * @param kind not {@link ThreadKind#PROCESS}
   * @throws SeccompUnavailableException if the kernel takes no filters
   */
  public void confineThread(ThreadKind kind) {
    if (kind == ThreadKind.PROCESS) {
      throw new IllegalArgumentException("a thread has no list of its process alone");
    }
    install(kind, false);
  }

  private void install(ThreadKind kind, boolean everyThread) {
    MemorySegment program = programs.get(kind);
    if (program == null) {
      return;
    }
    try {
      SeccompSyscalls.install(program, everyThread);
    } catch (ErrnoException e) {
      throw new SeccompUnavailableException(e);
    }
  }
}
