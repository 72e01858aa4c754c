package dev.rekindle.vmm.seccomp;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.rekindle.vmm.abi.linux.SeccompData;
import dev.rekindle.vmm.abi.linux.SockFilter;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/** Runs a filter as the kernel does, which knows more instructions than this. */
final class BpfInterpreter {
  private final List<BpfInstruction> program;

  /** Most instructions one run has taken. */
  int longest;

  BpfInterpreter(List<BpfInstruction> program) {
    this.program = program;
  }

  /** The result for a call. */
  int run(int arch, int nr, long... args) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment data = arena.allocate(SeccompData.LAYOUT);
      data.set(JAVA_INT, SeccompData.NR, nr);
      data.set(JAVA_INT, SeccompData.ARCH, arch);
      for (int i = 0; i < args.length; i++) {
        data.set(ValueLayout.JAVA_LONG, SeccompData.ARGS + 8L * i, args[i]);
      }
      return run(data);
    }
  }

  private int run(MemorySegment data) {
    int accumulator = 0;
    int steps = 0;
    for (int at = 0; ; at++) {
      BpfInstruction i = program.get(at);
      longest = Math.max(longest, ++steps);
      switch (i.code()) {
        case SockFilter.LOAD -> accumulator = data.get(JAVA_INT, i.k());
        case SockFilter.AND -> accumulator &= i.k();
        case SockFilter.JUMP -> at += i.k();
        case SockFilter.JUMP_IF_EQUAL -> at += skip(i, accumulator == i.k());
        case SockFilter.JUMP_IF_AT_LEAST ->
            at += skip(i, Integer.compareUnsigned(accumulator, i.k()) >= 0);
        case SockFilter.RETURN -> {
          return i.k();
        }
        default -> throw new AssertionError("not an instruction: " + i);
      }
    }
  }

  private static int skip(BpfInstruction i, boolean holds) {
    int skip = holds ? i.jt() : i.jf();
    if (skip < 0 || skip > 255) {
      throw new AssertionError("a byte cannot hold the jump of " + i);
    }
    return skip;
  }
}
