package dev.rekindle.pool.auth;

import dev.rekindle.pool.error.ErrorCode;
import dev.rekindle.pool.error.ServiceException;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Collection;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The API keys of the service. Thread: one event loop. */
public final class ApiKeys {
  /** Most keys there may be. */
  static final int MAX_KEYS = 1_000;

  /** The name of the key that the service makes for who runs it. */
  static final String OPERATOR = "operator";

  private static final Logger LOG = LoggerFactory.getLogger(ApiKeys.class);
  private static final long TICK_MILLIS = 1_000;

  /**
   * A key just made.
   *
   * @param key what is kept
   * @param text what its holder keeps; told once
   */
  public record Made(ApiKey key, String text) {}

  private final Vertx vertx;
  private final boolean required;
  private final Clock clock;
  private final KeyFile file;
  private final Map<String, HeldKey> keys = new LinkedHashMap<>();

  /**
   * @param vertx whose event loop this runs on
   * @param stateDir where keys are kept
   * @param required whether requests must show one
   * @param clock of expiry
   * @throws IOException if the file of keys cannot be read
   */
  public ApiKeys(Vertx vertx, Path stateDir, boolean required, Clock clock) throws IOException {
    this.vertx = vertx;
    this.required = required;
    this.clock = clock;
    file = new KeyFile(stateDir);
    file.load().forEach(this::hold);
    vertx.setPeriodic(TICK_MILLIS, _ -> endExpired());
  }

  private void hold(ApiKey key) {
    keys.put(key.id(), new HeldKey(key, System.nanoTime()));
  }

  /**
   * Makes sure that who runs the service has a key with every scope: the one in a file that its
   * owner alone can read. If that file is gone, or its key is, another is made in its place.
   * Blocks; before the service listens.
   *
   * @param operatorFile where
   * @throws IOException if it can be neither read nor written
   */
  public void provideOperator(Path operatorFile) throws IOException {
    if (Files.exists(operatorFile)) {
      String text = Files.readString(operatorFile).strip();
      if (KeySecret.parse(text).flatMap(this::find).isPresent()) {
        return;
      }
    }
    keys.values().removeIf(held -> held.key.name().equals(OPERATOR));
    KeySecret secret = KeySecret.fresh();
    hold(key(secret, OPERATOR, EnumSet.allOf(Scope.class), Optional.empty(), 0, 0));
    file.save(all());
    Files.createDirectories(operatorFile.toAbsolutePath().getParent());
    KeyFile.writePrivate(operatorFile, secret.text() + "\n");
    LOG.info("API key {} was made for who runs the service: {}", secret.id(), operatorFile);
  }

  private ApiKey key(
      KeySecret secret,
      String name,
      java.util.Set<Scope> scopes,
      Optional<Instant> expiresAt,
      int maxLeases,
      int requestsPerSecond) {
    return new ApiKey(
        secret.id(),
        name,
        scopes,
        secret.sha256(),
        clock.instant().truncatedTo(ChronoUnit.SECONDS),
        expiresAt,
        maxLeases,
        requestsPerSecond);
  }

  private Optional<HeldKey> find(KeySecret shown) {
    return Optional.ofNullable(keys.get(shown.id())).filter(held -> shown.isOf(held.key));
  }

  /**
   * @return whether requests must show a key
   */
  public boolean isRequired() {
    return required;
  }

  /**
   * Lets a request in.
   *
   * @param shown the key it shows, or null
   * @return what it may do
   * @throws ServiceException {@code auth.key_missing}, {@code auth.key_wrong}, {@code
   *     auth.key_expired}
   */
  public Grant admit(String shown) {
    if (shown == null) {
      if (required) {
        throw new ServiceException(
            ErrorCode.KEY_MISSING, "send an API key in the header Authorization: Bearer rk_...");
      }
      return Grant.ofNobody();
    }
    HeldKey held =
        KeySecret.parse(shown)
            .flatMap(this::find)
            .orElseThrow(
                () -> new ServiceException(ErrorCode.KEY_WRONG, "no such key; was it revoked?"));
    if (held.key.isOver(clock.instant())) {
      throw expired(held.key);
    }
    return new Grant(held);
  }

  private static ServiceException expired(ApiKey key) {
    return new ServiceException(
        ErrorCode.KEY_EXPIRED, "key " + key.id() + " ended at " + key.expiresAt().orElseThrow());
  }

  private void endExpired() {
    Instant now = clock.instant();
    for (HeldKey held : keys.values()) {
      if (!held.open.isEmpty() && held.key.isOver(now)) {
        held.lose(expired(held.key));
      }
    }
  }

  /**
   * @return all keys, oldest first
   */
  public List<ApiKey> all() {
    return keys.values().stream().map(held -> held.key).toList();
  }

  /**
   * @param key one of them
   * @return leases held with it
   */
  public int leases(ApiKey key) {
    return keys.get(key.id()).leases();
  }

  /**
   * A lease has ended, whoever held it.
   *
   * @param leaseId which
   */
  public void leaseEnded(String leaseId) {
    for (HeldKey held : keys.values()) {
      if (held.leaseIds.remove(leaseId)) {
        return;
      }
    }
  }

  /**
   * Makes a key.
   *
   * @param spec what it may do
   * @return the key, once it is on disk; {@code key.too_many}
   */
  public Future<Made> create(KeySpec spec) {
    if (keys.size() >= MAX_KEYS) {
      return Future.failedFuture(
          new ServiceException(
              ErrorCode.KEYS_EXHAUSTED, "there are " + MAX_KEYS + " keys; revoke some"));
    }
    KeySecret secret = KeySecret.fresh();
    Optional<Instant> end =
        Optional.ofNullable(spec.ttlSeconds())
            .map(ttl -> clock.instant().truncatedTo(ChronoUnit.SECONDS).plusSeconds(ttl));
    ApiKey key =
        key(secret, spec.name(), spec.scopeSet(), end, spec.maxLeases(), spec.requestsPerSecond());
    hold(key);
    return save().map(new Made(key, secret.text())).onFailure(_ -> keys.remove(key.id()));
  }

  /**
   * Revokes a key: from now on it is unknown, and requests that run by it are ended. Its leases go
   * on to their deadlines.
   *
   * @param id of the key
   * @param by the request that asks for it, which goes on even if this is its own key
   * @return done when the disk knows it too; {@code key.unknown}
   */
  public Future<Void> revoke(String id, Grant by) {
    HeldKey held = keys.remove(id);
    if (held == null) {
      return Future.failedFuture(
          new ServiceException(ErrorCode.KEY_UNKNOWN, "no key '" + id + "'"));
    }
    by.end();
    held.lose(new ServiceException(ErrorCode.KEY_REVOKED, "key " + id + " was revoked"));
    return save();
  }

  private Future<Void> save() {
    Collection<ApiKey> now = all();
    return vertx.executeBlocking(
        () -> {
          file.save(now);
          return null;
        },
        true);
  }
}
