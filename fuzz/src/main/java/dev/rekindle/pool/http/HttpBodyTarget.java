package dev.rekindle.pool.http;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.rekindle.fuzz.FuzzTarget;
import dev.rekindle.fuzz.Refusal;
import dev.rekindle.pool.error.ServiceException;
import dev.rekindle.pool.exec.ExecBody;
import dev.rekindle.pool.sizing.PoolSpec;
import dev.rekindle.snapshotter.host.protocol.HostJson;
import dev.rekindle.snapshotter.host.protocol.HostRequest;
import dev.rekindle.snapshotter.template.Recipe;
import dev.rekindle.snapshotter.template.RecipeException;
import java.util.List;

/** Bodies of requests, each as every kind there is. */
public final class HttpBodyTarget implements FuzzTarget {
  private static final String SANDBOX = "0123456789abcdef0123456789abcdef";

  /** Ready. */
  public HttpBodyTarget() {}

  @Override
  public String name() {
    return "http-body";
  }

  @Override
  public void run(byte[] input) throws Exception {
    LeaseRoutes.AcquireBody acquire = read(input, LeaseRoutes.AcquireBody.class);
    if (acquire != null && (acquire.template() == null || acquire.tenant() == null)) {
      throw new AssertionError("taken: " + acquire);
    }
    read(input, LeaseRoutes.RenewBody.class);
    read(input, PoolSpec.class);
    exec(read(input, ExecBody.class));
    ExecInput.StdinLine line = read(input, ExecInput.StdinLine.class);
    if (line != null) {
      try {
        line.bytes();
      } catch (IllegalArgumentException e) {
        // As ExecInput expects it of text that is not base64.
        Refusal.check(e);
      }
    }
    recipe(input);
  }

  private static <T> T read(byte[] input, Class<T> type) {
    try {
      return Json.read(input, type);
    } catch (ServiceException e) {
      Refusal.check(e.code(), e);
      return null;
    }
  }

  /** What the service takes its host process must take. */
  private static void exec(ExecBody body) throws Exception {
    if (body != null) {
      body.input();
      HostRequest.Exec request = body.request(SANDBOX, true);
      if (!HostJson.readRequest(HostJson.request(request)).equals(request)) {
        throw new AssertionError("read back otherwise: " + request);
      }
      request
          .env()
          .forEach((name, value) -> {
            if ((name + value).indexOf('\0') >= 0) {
              throw new AssertionError("a NUL in the environment");
            }
          });
    }
  }

  private static void recipe(byte[] input) {
    try {
      Recipe.parse(Json.tree(input));
    } catch (ServiceException | RecipeException e) {
      Refusal.check(e);
    }
  }

  @Override
  public List<byte[]> seeds() {
    return List.of(
        "{\"template\":\"python\",\"tenant\":\"a\",\"ttlSeconds\":60}".getBytes(UTF_8),
        "{\"parked\":{\"min\":1,\"max\":4},\"shells\":{\"min\":0},\"recycle\":\"tenant\",\"warmUp\":[\"true\"]}"
            .getBytes(UTF_8),
        "{\"target\":{},\"memoryBudgetMib\":1,\"vcpuBudget\":2}".getBytes(UTF_8),
        "{\"argv\":[\"a\",\"b\"],\"env\":{\"A\":\"1\"},\"cwd\":\"/\",\"stdin\":\"x\",\"timeoutSeconds\":1,\"maxOutputBytes\":9,\"maxProcesses\":2}"
            .getBytes(UTF_8),
        "{\"argv\":[\"a\"],\"stdinBase64\":\"eA==\"}".getBytes(UTF_8));
  }
}
