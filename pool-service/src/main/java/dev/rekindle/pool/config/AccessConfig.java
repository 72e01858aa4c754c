package dev.rekindle.pool.config;

import java.nio.file.Path;
import java.util.Optional;

/**
 * How the service is reached, and by whom.
 *
 * @param keysAlways whether requests must show an API key on a loopback address too
 * @param operatorKey the file of the key that is made for who runs the service
 * @param tls certificate and key; without them it speaks HTTP in clear text
 */
public record AccessConfig(boolean keysAlways, Path operatorKey, Optional<Tls> tls) {
  /**
   * Both in PEM.
   *
   * @param certificate with the chain that belongs to it
   * @param key PKCS #8
   */
  public record Tls(Path certificate, Path key) {}

  /**
   * @param stateDir of the service
   * @return clear text, keys where the address is not a loopback one
   */
  public static AccessConfig of(Path stateDir) {
    return new AccessConfig(false, stateDir.resolve("operator.key"), Optional.empty());
  }
}
