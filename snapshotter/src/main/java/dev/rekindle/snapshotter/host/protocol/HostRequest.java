package dev.rekindle.snapshotter.host.protocol;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** What the service asks of a host process; {@code op} in JSON names which. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "op")
@JsonSubTypes({
  @JsonSubTypes.Type(value = HostRequest.Hello.class, name = "hello"),
  @JsonSubTypes.Type(value = HostRequest.Acquire.class, name = "acquire"),
  @JsonSubTypes.Type(value = HostRequest.Pool.class, name = "pool"),
  @JsonSubTypes.Type(value = HostRequest.Exec.class, name = "exec"),
  @JsonSubTypes.Type(value = HostRequest.Cancel.class, name = "cancel"),
  @JsonSubTypes.Type(value = HostRequest.Release.class, name = "release"),
  @JsonSubTypes.Type(value = HostRequest.Stats.class, name = "stats"),
})
public sealed interface HostRequest {
  /** First request of a connection. Reply: {@link HostReply.Hello}. */
  record Hello(int version) implements HostRequest {}

  /**
   * Gives a sandbox, made ahead or now. Reply: {@link HostReply.Acquire}.
   *
   * @param tenant whom it is for; empty if not given
   * @param recycle what becomes of its VM; {@code tenant} if not given
   */
  record Acquire(
      String sandboxId,
      String snapshotDir,
      String imagesDir,
      String tenant,
      Recycle recycle,
      Identity identity)
      implements HostRequest {
    /** Checks the id's form and that both directories are absolute. */
    public Acquire {
      HostProtocol.requireSandboxId(sandboxId);
      requireAbsolute("snapshotDir", snapshotDir);
      requireAbsolute("imagesDir", imagesDir);
      tenant = requireTenant(tenant);
      recycle = recycle == null ? Recycle.TENANT : recycle;
      HostProtocol.require("identity", identity);
    }
  }

  /** What becomes of the VM of a sandbox that ended. */
  enum Recycle {
    /** It is freed. */
    @JsonProperty("never")
    NEVER,
    /** It serves the same tenant again. */
    @JsonProperty("tenant")
    TENANT,
    /** It serves anybody. */
    @JsonProperty("always")
    ALWAYS
  }

  /**
   * Says what to keep ready of a snapshot, from now on. Reply: {@link HostReply.Pool}.
   *
   * @param parked sandboxes, {@code [0, 1024]}
   * @param shells new VMs of its shape, {@code [0, 1024]}
   * @param warmUp a command each sandbox runs before it is parked; empty for none
   */
  record Pool(String snapshotDir, String imagesDir, int parked, int shells, List<String> warmUp)
      implements HostRequest {
    /** Most of either kind. */
    public static final int MAX_COUNT = 1024;

    /** Checks directories and ranges. */
    public Pool {
      requireAbsolute("snapshotDir", snapshotDir);
      requireAbsolute("imagesDir", imagesDir);
      HostProtocol.requireRange("parked", parked, 0, MAX_COUNT);
      HostProtocol.requireRange("shells", shells, 0, MAX_COUNT);
      warmUp = warmUp == null ? List.of() : List.copyOf(warmUp);
    }
  }

  private static void requireAbsolute(String field, String path) {
    if (!Path.of(HostProtocol.require(field, path)).isAbsolute()) {
      throw new IllegalArgumentException(field + " must be absolute, got " + path);
    }
  }

  private static String requireTenant(String tenant) {
    String given = tenant == null ? "" : tenant;
    HostProtocol.requireRange("tenant length", given.length(), 0, 64);
    return given;
  }

  /** What makes a sandbox distinct from its siblings, chosen by the service. */
  record Identity(String hostname, String machineId, String leaseId) {
    /** Checks presence and the machine id's form. */
    public Identity {
      HostProtocol.require("identity.hostname", hostname);
      HostProtocol.requireRange("identity.hostname length", hostname.length(), 1, 64);
      HostProtocol.requireMachineId(machineId);
      HostProtocol.require("identity.leaseId", leaseId);
    }
  }

  /**
   * Runs one command. Events and data carry the request's id; reply: {@link HostReply.Exec}.
   *
   * @param timeoutMillis 0: none
   * @param maxProcesses 0: the agent's default
   * @param maxOutputBytes stdout and stderr together; 0: no limit
   */
  record Exec(
      String sandboxId,
      List<String> argv,
      Map<String, String> env,
      String cwd,
      long timeoutMillis,
      int maxProcesses,
      long maxOutputBytes)
      implements HostRequest {
    /** Fills in what is optional and checks the rest. */
    public Exec {
      HostProtocol.requireSandboxId(sandboxId);
      argv = List.copyOf(HostProtocol.require("argv", argv));
      HostProtocol.requireRange("argv size", argv.size(), 1, 65_535);
      env = env == null ? Map.of() : Map.copyOf(env);
      HostProtocol.requireRange("env size", env.size(), 0, 65_535);
      cwd = cwd == null ? "/" : cwd;
      HostProtocol.requireRange("timeoutMillis", timeoutMillis, 0, 0xFFFF_FFFFL);
      HostProtocol.requireRange("maxProcesses", maxProcesses, 0, Integer.MAX_VALUE);
      HostProtocol.requireRange("maxOutputBytes", maxOutputBytes, 0, Long.MAX_VALUE);
    }
  }

  /** Kills the command of another request of this connection. Reply: {@link HostReply.Cancel}. */
  record Cancel(int requestId) implements HostRequest {}

  /** Destroys a sandbox. Reply: {@link HostReply.Release}. */
  record Release(String sandboxId) implements HostRequest {
    /** Checks the id's form. */
    public Release {
      HostProtocol.requireSandboxId(sandboxId);
    }
  }

  /** Counts of the host process. Reply: {@link HostReply.Stats}. */
  record Stats() implements HostRequest {}
}
