package dev.rekindle.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ExitCodesTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          {"exitCode":0,"signal":0}                                | 0
          {"exitCode":7,"signal":0}                                | 7
          {"exitCode":255,"signal":0}                              | 255
          {"exitCode":-1,"signal":9}                               | 137
          {"exitCode":-1,"signal":15,"timedOut":false}             | 143
          {"exitCode":-1,"signal":9,"timedOut":true}               | 124
          {"exitCode":-1,"signal":9,"outOfMemory":true}            | 137
          """)
  void shouldBeTheCommandsOwn(String exit, int code) throws JsonProcessingException {
    assertThat(ExitCodes.ofExit(ApiClient.JSON.readTree(exit))).isEqualTo(code);
  }

  @ParameterizedTest
  @CsvSource({
    "exec.not_found, 127",
    "exec.failed, 125",
    "lease.expired, 125",
    "pool.exhausted, 125",
    "'', 125"
  })
  void shouldTellTheServicesFailureFromTheCommands(String code, int exitCode) {
    assertThat(ExitCodes.ofProblem(ApiClient.JSON.createObjectNode().put("code", code)))
        .isEqualTo(exitCode);
  }

  @ParameterizedTest
  @CsvSource({
    "1, false, 1",
    "3, false, 3",
    "2, false, 2",
    "1, true, 125",
    "3, true, 125",
    "2, true, 2"
  })
  void shouldKeepAFailureApartFromACommandsExitCode(int code, boolean runsCommand, int exitCode) {
    assertThat(ExitCodes.ofFailure(code, runsCommand)).isEqualTo(exitCode);
  }
}
