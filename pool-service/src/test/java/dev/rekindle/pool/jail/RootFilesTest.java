package dev.rekindle.pool.jail;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RootFilesTest {
  private static final Path JDK = Path.of(System.getProperty("java.home"));
  private static final Path SETPRIV = Path.of("/usr/bin/setpriv");

  @Test
  void shouldFindTheLibrariesThatLddNames() {
    String ldd =
        """
        /jdk/bin/java:
        \tlinux-vdso.so.1 (0x00007ffc)
        \tlibjli.so => /jdk/bin/../lib/libjli.so (0x00007f00)
        \tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f01)
        \tlibjvm.so => not found
        \t/lib64/ld-linux-x86-64.so.2 (0x00007f02)
        """;

    assertThat(RootFiles.libraries(ldd))
        .containsExactly(
            Path.of("/jdk/lib/libjli.so"),
            Path.of("/lib/x86_64-linux-gnu/libc.so.6"),
            Path.of("/lib64/ld-linux-x86-64.so.2"));
  }

  @Test
  void shouldShowTheJdkTheClassPathAndAHandfulOfLibraries(@TempDir Path dir) throws Exception {
    Path jar = Files.createFile(dir.resolve("a.jar"));
    Path cache = Files.createFile(dir.resolve("host.aot"));
    List<String> program =
        List.of(
            JDK.resolve("bin/java").toString(),
            "-XX:AOTCache=" + cache,
            "-cp",
            jar + ":" + dir.resolve("absent.jar"),
            "Main");

    RootFiles root = RootFiles.of(program, SETPRIV);

    assertThat(root.files()).contains(JDK, SETPRIV, jar, cache).hasSizeLessThan(16);
    assertThat(root.files().toString()).contains("libc.so").doesNotContain("X11");
  }

  @Test
  void shouldRefuseAProgramThatIsNoJdks() {
    assertThatThrownBy(() -> RootFiles.of(List.of("/bin/sh", "-c", "x"), SETPRIV))
        .isInstanceOf(IOException.class)
        .hasMessage("/ is not a JDK's folder");
  }
}
