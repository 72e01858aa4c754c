package dev.rekindle.pool.error;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class ErrorCodeTest {
  @Test
  void shouldBeDocumentedRowByRow() throws Exception {
    var rows =
        Files.readAllLines(Path.of("../docs/errors.md")).stream()
            .filter(line -> line.startsWith("| ") && !line.startsWith("| code "))
            .toList();

    assertThat(rows)
        .containsExactlyElementsOf(
            Arrays.stream(ErrorCode.values())
                .map(code ->
                    "| " + code.code() + " | " + code.status() + " | " + code.title() + " |")
                .toList());
  }
}
