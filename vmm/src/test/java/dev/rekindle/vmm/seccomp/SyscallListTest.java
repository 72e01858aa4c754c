package dev.rekindle.vmm.seccomp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class SyscallListTest {
  private static final SyscallNumbers NUMBERS = SyscallNumbers.load();

  @Test
  void shouldReadNamesConditionsAndErrors() {
    String text =
        """
        # about the list
        ioctl int1 == KVM_RUN and long2 == 0   # enter

        clone long0 & 0x10000 == 0x10000 # threads
        clone3 -> errno 38   # never
        """;

    SyscallList list = SyscallList.parse("t", text, NUMBERS);

    assertThat(list.rules())
        .containsExactly(
            new SyscallRule(
                "ioctl",
                16,
                List.of(
                    new ArgumentMatch(1, false, 0xFFFF_FFFFL, 0xAE80),
                    new ArgumentMatch(2, true, -1, 0)),
                0),
            new SyscallRule("clone", 56, List.of(new ArgumentMatch(0, true, 0x10000, 0x10000)), 0),
            new SyscallRule("clone3", 435, List.of(), 38));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "read",
        "read #",
        "reed # no such call",
        "read int6 == 1 # no such argument",
        "read int0 = 1 # no such comparison",
        "read int0 == KVM_WALK # no such value",
        "read int0 == 0x1ffffffff # too wide",
        "read int0 & 0xf0 == 0x1 # a bit outside of the mask",
        "read int0 == 1 int1 == 2 # no and",
        "read -> errno 4096 # no such error",
        "read -> maybe # no such verdict",
      })
  void shouldNameTheLineItRefuses(String line) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> SyscallList.parse("t", "write # fine\n" + line + "\n", NUMBERS))
        .withMessageStartingWith("t.syscalls, line 2: ");
  }

  @ParameterizedTest
  @EnumSource(
      value = ThreadKind.class,
      names = {"DEVICE_LOOP", "VCPU"})
  void shouldAllowAThreadNothingThatItsProcessMayNot(ThreadKind kind) {
    List<SyscallRule> process = SyscallList.load(ThreadKind.PROCESS, NUMBERS).rules();

    for (SyscallRule rule : SyscallList.load(kind, NUMBERS).rules()) {
      assertThat(process)
          .as(rule.toString())
          .anyMatch(p -> p.nr() == rule.nr() && p.errno() == 0 && covers(p, rule));
    }
  }

  /** Whether each condition of the wider rule follows from one of the narrower's. */
  private static boolean covers(SyscallRule wider, SyscallRule narrower) {
    return wider.matches().stream()
        .allMatch(w ->
            narrower.matches().stream()
                .anyMatch(n ->
                    n.index() == w.index()
                        && (n.mask() & w.mask()) == w.mask()
                        && (n.value() & w.mask()) == w.value()));
  }

  @ParameterizedTest
  @EnumSource(ThreadKind.class)
  void shouldSayNothingTwice(ThreadKind kind) {
    assertThat(SyscallList.load(kind, NUMBERS).rules()).doesNotHaveDuplicates();
  }

  @Test
  void shouldAgreeWithTheHeaderOnEveryNumber(@TempDir Path dir) throws Exception {
    Map<String, Integer> ours = new TreeMap<>(NUMBERS.byName());
    StringBuilder c =
        new StringBuilder("#include <asm/unistd.h>\n#include <stdio.h>\nint main(void) {\n");
    ours.keySet().forEach(n -> c.append("printf(\"%s %%d\\n\", __NR_%s);\n".formatted(n, n)));
    Path source = Files.writeString(dir.resolve("n.c"), c.append("return 0; }\n"));
    Path program = dir.resolve("n");
    String compiled = run("cc", "-o", program.toString(), source.toString());

    assertThat(compiled).isEmpty();
    Map<String, Integer> theirs = new TreeMap<>();
    run(program.toString())
        .lines()
        .map(line -> line.split(" "))
        .forEach(p -> theirs.put(p[0], Integer.valueOf(p[1])));
    assertThat(ours).isEqualTo(theirs).hasSizeGreaterThan(350);
  }

  private static String run(String... command) throws Exception {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes());
    process.waitFor();
    return output;
  }
}
