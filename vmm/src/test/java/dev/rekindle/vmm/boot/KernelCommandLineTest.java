package dev.rekindle.vmm.boot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KernelCommandLineTest {
  @Test
  void shouldJoinArgumentsInOrder() {
    KernelCommandLine line = KernelCommandLine.empty().with("a=1").withAll(" b  c=\"x y\" ");

    assertThat(line.arguments()).containsExactly("a=1", "b", "c=\"x y\"");
    assertThat(line.text()).isEqualTo("a=1 b c=\"x y\"");
    assertThat(line.nulTerminated()).endsWith((byte) 0).hasSize(line.text().length() + 1);
  }

  @Test
  void shouldStayUnchangedWhenExtended() {
    KernelCommandLine line = KernelCommandLine.defaults();

    KernelCommandLine longer = line.with("loglevel=7");

    assertThat(line).isEqualTo(KernelCommandLine.defaults()).isNotEqualTo(longer);
    assertThat(longer.text()).isEqualTo(line.text() + " loglevel=7");
  }

  @Test
  void shouldHoldWhatAGuestNeedsByDefault() {
    assertThat(KernelCommandLine.defaults().arguments())
        .contains("console=ttyS0", "reboot=k", "panic=-1", "pci=off", "random.trust_cpu=on")
        .doesNotHaveDuplicates()
        .hasSize(DefaultKernelArgument.values().length)
        // With this one the driver would probe ports that nobody answers.
        .doesNotContain("i8042.nopnp");
  }

  @ParameterizedTest
  @ValueSource(strings = {"a\nb", "a\0b", "a\tb", "caf\u00e9", "a\u007f", "\"open", "a=\"b c"})
  void shouldRefuseWhatAKernelCannotTake(String text) {
    assertThatExceptionOfType(BootException.class)
        .isThrownBy(() -> KernelCommandLine.empty().withAll(text))
        .satisfies(e -> assertThat(e.code()).isEqualTo(BootErrorCode.COMMAND_LINE_INVALID));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "  ", "a b", "a=1 b=2"})
  void shouldRefuseOtherThanOneArgumentWhereOneIsAskedFor(String text) {
    assertThatExceptionOfType(BootException.class)
        .isThrownBy(() -> KernelCommandLine.empty().with(text));
  }

  @Test
  void shouldTakeTheLongestLineAndNotOneByteMore() {
    KernelCommandLine longest = KernelCommandLine.empty().with("x".repeat(2047));

    assertThat(longest.text()).hasSize(KernelCommandLine.MAX_BYTES);
    assertThatExceptionOfType(BootException.class)
        .isThrownBy(() -> KernelCommandLine.empty().with("x".repeat(2048)))
        .withMessageContaining("2048");
  }
}
