package dev.rekindle.vmm.seccomp;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rekindle.vmm.abi.linux.SeccompData;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class FilterCompilerTest {
  private static final int KILL = SeccompData.SECCOMP_RET_KILL_PROCESS;
  private static final int X86_64 = SeccompData.AUDIT_ARCH_X86_64;
  private static final int I386 = 0x40000003;
  private static final int X32_BIT = 0x40000000;
  private static final int HIGHEST = 460;

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 10, 60, 300, 500})
  void shouldDecideAsTheRulesDoWhateverTheCall(int rules) {
    for (long seed = 0; seed < 20; seed++) {
      Random random = new Random(seed * 10_000 + rules);
      SyscallList list = randomList(random, rules);
      BpfInterpreter filter = new BpfInterpreter(FilterCompiler.compile(list, KILL));

      for (int i = 0; i < 2_000; i++) {
        int nr = random.nextInt(8) == 0 ? random.nextInt() : random.nextInt(HIGHEST + 2);
        long[] args = arguments(random, list, nr);

        assertThat(filter.run(X86_64, nr, args))
            .as("seed %d, call %d %s of %s", seed, nr, args, list)
            .isEqualTo(expected(list, nr, args));
      }
    }
  }

  @ParameterizedTest
  @EnumSource(ThreadKind.class)
  void shouldRefuseOtherArchitecturesAndNumberings(ThreadKind kind) {
    SyscallList list = SyscallList.load(kind, SyscallNumbers.load());
    BpfInterpreter filter = new BpfInterpreter(FilterCompiler.compile(list, KILL));

    for (int nr = 0; nr <= HIGHEST; nr++) {
      assertThat(filter.run(I386, nr)).isEqualTo(KILL);
      assertThat(filter.run(X86_64, nr | X32_BIT)).isEqualTo(KILL);
    }
  }

  @ParameterizedTest
  @EnumSource(ThreadKind.class)
  void shouldAgreeWithTheShippedListsOnEveryCall(ThreadKind kind) {
    SyscallList list = SyscallList.load(kind, SyscallNumbers.load());
    BpfInterpreter filter = new BpfInterpreter(FilterCompiler.compile(list, KILL));
    Random random = new Random(7);

    for (int nr = 0; nr <= HIGHEST; nr++) {
      for (int i = 0; i < 50; i++) {
        long[] args = arguments(random, list, nr);
        assertThat(filter.run(X86_64, nr, args)).isEqualTo(expected(list, nr, args));
      }
    }

    assertThat(filter.longest).isLessThan(100);
  }

  @ParameterizedTest
  @EnumSource(
      value = ThreadKind.class,
      names = {"PROCESS", "VCPU"})
  void shouldEnterTheGuestWithinNineInstructions(ThreadKind kind) {
    SyscallList list = SyscallList.load(kind, SyscallNumbers.load());
    BpfInterpreter filter = new BpfInterpreter(FilterCompiler.compile(list, KILL));

    int result = filter.run(X86_64, SyscallNumbers.load().of("ioctl"), 7, 0xAE80, 0);

    assertThat(result).isEqualTo(SeccompData.SECCOMP_RET_ALLOW);
    assertThat(filter.longest).isLessThanOrEqualTo(9);
  }

  @Test
  void shouldCountAllBitsOfALongAndOnlyTheLowerHalfOfAnInt() {
    SyscallNumbers numbers = SyscallNumbers.load();
    SyscallList list =
        SyscallList.parse("t", "read int0 == 5 # a\nwrite long0 == 5 # b\n", numbers);
    BpfInterpreter filter = new BpfInterpreter(FilterCompiler.compile(list, KILL));
    long highBits = 5L | 1L << 32;

    assertThat(filter.run(X86_64, numbers.of("read"), highBits))
        .isEqualTo(SeccompData.SECCOMP_RET_ALLOW);
    assertThat(filter.run(X86_64, numbers.of("write"), highBits)).isEqualTo(KILL);
    assertThat(filter.run(X86_64, numbers.of("write"), 5)).isEqualTo(SeccompData.SECCOMP_RET_ALLOW);
  }

  private static SyscallList randomList(Random random, int count) {
    List<SyscallRule> rules = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      List<ArgumentMatch> matches = new ArrayList<>();
      for (int m = random.nextInt(4); m > 1; m--) {
        boolean wide = random.nextBoolean();
        long mask = random.nextBoolean() ? (wide ? -1L : 0xFFFF_FFFFL) : mask(random, wide);
        matches.add(
            new ArgumentMatch(random.nextInt(6), wide, mask, random.nextInt(4) * 0x10001L & mask));
      }
      int errno = random.nextInt(5) == 0 ? 1 + random.nextInt(4095) : 0;
      int nr = random.nextInt(HIGHEST);
      rules.add(new SyscallRule("n" + nr, nr, matches, errno));
    }
    return new SyscallList("random", rules);
  }

  private static long mask(Random random, boolean wide) {
    return wide ? random.nextLong() : random.nextInt() & 0xFFFF_FFFFL;
  }

  /** Random, or such that a rule about the call holds. */
  private static long[] arguments(Random random, SyscallList list, int nr) {
    long[] args = new long[6];
    for (int i = 0; i < args.length; i++) {
      args[i] = random.nextBoolean() ? random.nextLong() : random.nextInt(4) * 0x10001L;
    }
    List<SyscallRule> about = list.rules().stream().filter(r -> r.nr() == nr).toList();
    if (!about.isEmpty() && random.nextInt(3) > 0) {
      for (ArgumentMatch m : about.get(random.nextInt(about.size())).matches()) {
        args[m.index()] = args[m.index()] & ~m.mask() | m.value();
      }
    }
    return args;
  }

  private static int expected(SyscallList list, int nr, long[] args) {
    for (SyscallRule rule : list.rules()) {
      if (rule.nr() == nr
          && rule.matches().stream().allMatch(m -> (args[m.index()] & m.mask()) == m.value())) {
        return rule.errno() == 0
            ? SeccompData.SECCOMP_RET_ALLOW
            : SeccompData.SECCOMP_RET_ERRNO + rule.errno();
      }
    }
    return KILL;
  }
}
