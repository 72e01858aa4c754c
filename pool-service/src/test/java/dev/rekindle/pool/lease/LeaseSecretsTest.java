package dev.rekindle.pool.lease;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LeaseSecretsTest {
  @TempDir private Path directory;

  private static IdempotencyKey key(String scope, String value) {
    return new IdempotencyKey(scope, value, "r");
  }

  @Test
  void shouldMakeTheSameTokensAfterARestart() throws Exception {
    Path file = directory.resolve("secret");

    LeaseSecrets first = LeaseSecrets.load(file);
    LeaseSecrets again = LeaseSecrets.load(file);

    assertThat(again.token("sb-1", key("", "key")))
        .isEqualTo(first.token("sb-1", key("", "key")))
        .hasSize(64);
    assertThat(again.ofKey(key("", "key"))).isEqualTo(first.ofKey(key("", "key")));
    assertThat(directory)
        .isDirectoryContaining(f -> f.equals(file))
        .isDirectoryNotContaining("glob:**.tmp");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
  }

  @Test
  void shouldMakeOtherTokensForEveryLeaseKeyAndSecret() throws Exception {
    LeaseSecrets secrets = LeaseSecrets.load(directory.resolve("secret"));
    LeaseSecrets others = LeaseSecrets.load(directory.resolve("other"));

    assertThat(
            new String[] {
              secrets.token("sb-1", key("", "key")),
              secrets.token("sb-2", key("", "key")),
              secrets.token("sb-1", key("", "yek")),
              secrets.token("sb-1k", key("", "ey")),
              secrets.token("sb-1", key("k", "ey")),
              others.token("sb-1", key("", "key"))
            })
        .doesNotHaveDuplicates();
  }

  @Test
  void shouldReplaceASecretThatIsNone() throws Exception {
    Path file = Files.write(directory.resolve("secret"), new byte[31]);

    LeaseSecrets.load(file);

    assertThat(file).hasSize(32);
  }
}
