package dev.rekindle.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rekindle.cli.doctor.Finding;
import dev.rekindle.cli.doctor.Level;
import java.util.List;
import org.junit.jupiter.api.Test;

class FindingTableTest {
  private static final Finding GOOD = new Finding("swap", Level.OK, "none", "slow", "");
  private static final Finding WEAK = new Finding("smt", Level.WARN, "on", "leaks", "echo off");
  private static final Finding BAD = new Finding("jdk", Level.FAIL, "24", "needed", "install");

  @Test
  void shouldExplainWhatIsNotAsItShouldBe() {
    assertThat(FindingTable.text(List.of(GOOD, WEAK, BAD)))
        .isEqualTo(
            """
            ok    swap  none
            warn  smt   on
                        why: leaks
                        fix: echo off
            fail  jdk   24
                        why: needed
                        fix: install
            1 ok, 1 warn, 1 fail
            """);
  }

  @Test
  void shouldGiveOneObjectACheck() {
    assertThat(FindingTable.json(WEAK))
        .hasToString(
            "{\"check\":\"smt\",\"level\":\"warn\",\"found\":\"on\",\"why\":\"leaks\","
                + "\"fix\":\"echo off\"}");
  }

  @Test
  void shouldFailOnlyWhereACheckFails() {
    assertThat(FindingTable.print(List.of(GOOD, WEAK), true, new Console())).isZero();
    assertThat(FindingTable.print(List.of(GOOD, BAD), true, new Console())).isEqualTo(1);
  }
}
