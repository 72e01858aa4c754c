package dev.rekindle.snapshotter.host.protocol;

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
  @JsonSubTypes.Type(value = HostRequest.Exec.class, name = "exec"),
  @JsonSubTypes.Type(value = HostRequest.Cancel.class, name = "cancel"),
  @JsonSubTypes.Type(value = HostRequest.Release.class, name = "release"),
  @JsonSubTypes.Type(value = HostRequest.Stats.class, name = "stats"),
})
public sealed interface HostRequest {
  /** First request of a connection. Reply: {@link HostReply.Hello}. */
  record Hello(int version) implements HostRequest {}

  /** Restores a sandbox and makes it unique. Reply: {@link HostReply.Acquire}. */
  record Acquire(String sandboxId, String snapshotDir, String imagesDir, Identity identity)
      implements HostRequest {
    /** Checks the id's form and that both directories are absolute. */
    public Acquire {
      HostProtocol.requireSandboxId(sandboxId);
      requireAbsolute("snapshotDir", snapshotDir);
      requireAbsolute("imagesDir", imagesDir);
      HostProtocol.require("identity", identity);
    }

    private static void requireAbsolute(String field, String path) {
      if (!Path.of(HostProtocol.require(field, path)).isAbsolute()) {
        throw new IllegalArgumentException(field + " must be absolute, got " + path);
      }
    }
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
