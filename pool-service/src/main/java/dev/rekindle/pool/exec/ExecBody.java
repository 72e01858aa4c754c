package dev.rekindle.pool.exec;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.rekindle.snapshotter.host.protocol.HostRequest;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Map;

/**
 * The request to run a command.
 *
 * @param argv the command and its arguments, 1 to 4096
 * @param env added to the guest's environment
 * @param cwd working directory, absolute; {@code /} by default
 * @param stdin standard input as text
 * @param stdinBase64 standard input as bytes; not together with {@code stdin}
 * @param timeoutSeconds {@code [0, 86400]}; 0, the default, for none
 * @param maxOutputBytes both streams together, {@code [1, 64 MiB]} in a buffered reply, where it is
 *     1 MiB by default; more is thrown away
 * @param maxProcesses {@code [0, 1000000]}; 0 for the agent's default
 */
public record ExecBody(
    @JsonProperty(required = true) List<String> argv,
    Map<String, String> env,
    String cwd,
    String stdin,
    String stdinBase64,
    Integer timeoutSeconds,
    Long maxOutputBytes,
    Integer maxProcesses) {
  /** Most output a buffered reply may hold, bytes. */
  public static final long MAX_BUFFERED_BYTES = 64L << 20;

  private static final long DEFAULT_BUFFERED_BYTES = 1 << 20;

  /** Checks the ranges. */
  public ExecBody {
    if (argv == null || argv.isEmpty() || argv.size() > 4096) {
      throw new IllegalArgumentException(
          "argv must have 1 to 4096 strings, got " + (argv == null ? "none" : argv.size()));
    }
    if (argv.stream().anyMatch(a -> a == null || a.indexOf('\0') >= 0)
        || argv.getFirst().isEmpty()) {
      throw new IllegalArgumentException("argv must not have null, NUL or an empty command");
    }
    argv = List.copyOf(argv);
    env = env == null ? Map.of() : Map.copyOf(env);
    for (String name : env.keySet()) {
      if (name.isEmpty() || name.indexOf('=') >= 0 || name.indexOf('\0') >= 0) {
        throw new IllegalArgumentException("env must not have the name '" + name + "'");
      }
    }
    if (cwd != null && !cwd.startsWith("/")) {
      throw new IllegalArgumentException("cwd must be absolute, got " + cwd);
    }
    if (stdin != null && stdinBase64 != null) {
      throw new IllegalArgumentException("stdin and stdinBase64 must not both be there");
    }
    if (stdinBase64 != null) {
      decoded(stdinBase64);
    }
    timeoutSeconds = range("timeoutSeconds", timeoutSeconds, 0, 86_400);
    maxProcesses = range("maxProcesses", maxProcesses, 0, 1_000_000);
    if (maxOutputBytes != null && (maxOutputBytes < 1 || maxOutputBytes > MAX_BUFFERED_BYTES)) {
      throw new IllegalArgumentException(
          "maxOutputBytes must be in [1, " + MAX_BUFFERED_BYTES + "], got " + maxOutputBytes);
    }
  }

  private static byte[] decoded(String base64) {
    try {
      return Base64.getDecoder().decode(base64);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("stdinBase64 must be base64: " + e.getMessage(), e);
    }
  }

  private static int range(String name, Integer value, int min, int max) {
    if (value != null && (value < min || value > max)) {
      throw new IllegalArgumentException(
          name + " must be in [" + min + ", " + max + "], got " + value);
    }
    return value == null ? 0 : value;
  }

  /**
   * @return standard input given in the body; null if it comes otherwise or not at all
   */
  public byte[] input() {
    if (stdinBase64 != null) {
      return decoded(stdinBase64);
    }
    return stdin == null ? null : stdin.getBytes(StandardCharsets.UTF_8);
  }

  /**
   * @param sandboxId where
   * @param buffered whether the reply holds the output
   * @return what the host process is asked
   */
  public HostRequest.Exec request(String sandboxId, boolean buffered) {
    long limit = maxOutputBytes == null ? buffered ? DEFAULT_BUFFERED_BYTES : 0 : maxOutputBytes;
    return new HostRequest.Exec(
        sandboxId, argv, env, cwd, timeoutSeconds * 1000L, maxProcesses, limit);
  }
}
