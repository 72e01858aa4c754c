package dev.rekindle.pool.jail;

import dev.rekindle.pool.hostclient.HostSpec;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;

/**
 * The jail of this machine: which layers there are, and the command line that starts a host process
 * in them. Thread: any; {@link #build} and {@link #enter} block.
 */
public final class Jail {
  private static final List<String> DEVICES = List.of("null", "random", "urandom");

  /** Joins the group before anything is started, so that nothing is ever outside of it. */
  private static final String JOIN = "echo $$ > \"$0\" && exec \"$@\"";

  private final JailSettings settings;
  private final boolean root;
  private final Map<Layer, Layer.State> layers = new EnumMap<>(Layer.class);
  private final KvmNode kvm;
  private final Path stateDir;
  private RootFiles rootFiles;
  private CgroupTree cgroups;
  private long machineBytes;
  private String disk = "";

  private Jail(JailSettings settings, Path stateDir, boolean root) {
    this.settings = settings;
    this.stateDir = stateDir;
    this.root = root;
    kvm = new KvmNode(name());
  }

  /**
   * Finds out what this machine has, by trying it.
   *
   * @param settings what is wanted
   * @param stateDir there already
   * @param program starts a host process, up to its main class
   * @return the jail
   * @throws JailException if all of it is wanted and something is missing
   * @throws IOException if this machine cannot be asked
   */
  public static Jail build(JailSettings settings, Path stateDir, List<String> program)
      throws IOException {
    Jail jail = new Jail(settings, stateDir, Machine.isRoot());
    if (settings.mode() == JailMode.NEVER) {
      Layer.State off = Layer.State.off("turned off", "--jail auto");
      for (Layer layer : Layer.values()) {
        jail.layers.put(layer, off);
      }
      return jail;
    }
    jail.machineBytes = Machine.memoryBytes();
    jail.layers.put(Layer.SECCOMP, jail.seccomp());
    jail.layers.put(Layer.RLIMITS, rlimits());
    jail.layers.put(Layer.CGROUP, jail.cgroup());
    jail.namespaces(program);
    if (settings.mode() == JailMode.ALWAYS) {
      jail.layers.forEach((layer, state) -> {
        if (!state.on()) {
          throw new JailException(layer, state);
        }
      });
    }
    return jail;
  }

  private Layer.State seccomp() throws IOException {
    if (!Machine.hasSeccomp()) {
      return Layer.State.off(
          "this kernel takes no filters", "a kernel with CONFIG_SECCOMP_FILTER, as Debian's");
    }
    return switch (settings.seccomp()) {
      case "kill" -> Layer.State.on("a call that is not listed kills the process");
      case "log" -> Layer.State.off("calls that are not listed are only logged", "--seccomp kill");
      default -> Layer.State.off("turned off", "--seccomp kill");
    };
  }

  private static Layer.State rlimits() {
    return Programs.find("prlimit").isPresent()
        ? Layer.State.on(
            "files up to "
                + (HostLimits.FILE_BYTES >> 20)
                + " MiB, "
                + HostLimits.OPEN_FILES
                + " open, no core")
        : Layer.State.off("there is no prlimit", "install util-linux");
  }

  private Layer.State cgroup() {
    try {
      cgroups =
          CgroupTree.prepare(
              Path.of("/sys/fs/cgroup"),
              Path.of("/proc/self/cgroup"),
              ProcessHandle.current().pid(),
              name());
      disk = settings.limits().ioMibPerSecond() > 0 ? Machine.disk(stateDir) : "";
      return Layer.State.on(
          cgroups.folder()
              + " with "
              + String.join(", ", cgroups.controllers().stream().sorted().toList()));
    } catch (IOException e) {
      return Layer.State.off(
          e.getMessage(),
          "mount cgroup v2 alone (systemd.unified_cgroup_hierarchy=1), and run as root or in a unit"
              + " with Delegate=yes");
    }
  }

  private void namespaces(List<String> program) {
    String bubblewrap = "install bubblewrap: ./rekindle does as root";
    Layer.State missing = null;
    Path setpriv = Programs.find("setpriv").orElse(null);
    if (Programs.find("bwrap").isEmpty()) {
      missing = Layer.State.off("there is no bwrap", bubblewrap);
    } else if (setpriv == null || Programs.find("mknod").isEmpty()) {
      missing = Layer.State.off("there is no setpriv or mknod", "install util-linux, coreutils");
    } else {
      try {
        rootFiles = RootFiles.of(program, setpriv);
        // Shows its own libraries, namespaces and user, all as a host process will have them.
        Programs.Ended ended =
            Programs.run(confined(0, new ArrayList<>(List.of(setpriv.toString(), "--version"))));
        if (ended.exitCode() != 0) {
          missing =
              Layer.State.off(
                  "bwrap: " + ended.output(),
                  root
                      ? "let this machine's root make namespaces"
                      : "run as root, or sysctl kernel.unprivileged_userns_clone=1");
        }
      } catch (IOException e) {
        missing = Layer.State.off(e.getMessage(), bubblewrap);
      }
    }
    if (missing != null) {
      layers.put(Layer.NAMESPACES, missing);
      layers.put(Layer.IDENTITY, Layer.State.off("needs the namespaces", missing.fix()));
      return;
    }
    layers.put(
        Layer.NAMESPACES, Layer.State.on("mount, pid, network, ipc, uts, cgroup; read-only root"));
    layers.put(
        Layer.IDENTITY,
        Layer.State.on(
            root
                ? "users from " + settings.firstUid() + " on, no capabilities"
                : "user namespaces over one user, no capabilities"));
  }

  /** Name of what this service makes outside of its state directory. */
  private String name() {
    CRC32 crc = new CRC32();
    crc.update(stateDir.toString().getBytes(StandardCharsets.UTF_8));
    return "rekindle-%08x".formatted(crc.getValue());
  }

  /**
   * @return every layer, in order
   */
  public Map<Layer, Layer.State> layers() {
    return Collections.unmodifiableMap(layers);
  }

  /**
   * @return what was wanted
   */
  public JailSettings settings() {
    return settings;
  }

  /**
   * @return how much of this machine's memory one host process may take; 0 where nothing limits it
   */
  public double memoryShare() {
    return cgroups == null
        ? 0
        : (double) settings.limits().memoryBytes(machineBytes) / machineBytes;
  }

  boolean has(Layer layer) {
    return layers.get(layer).on();
  }

  /**
   * Makes what belongs to a host process.
   *
   * @param spec which; the folder of its socket is there and its own
   * @return the command line that starts it
   * @throws IOException if something cannot be made; {@link #clear} takes back what was
   */
  List<String> enter(HostSpec spec) throws IOException {
    List<String> words = new ArrayList<>(spec.command());
    words.addAll(List.of("--seccomp", has(Layer.SECCOMP) ? "kill" : lenient()));
    if (has(Layer.NAMESPACES)) {
      words = confined(spec, words);
    }
    if (has(Layer.RLIMITS)) {
      words.addAll(0, limited());
    }
    if (has(Layer.CGROUP)) {
      Path group = cgroups.create(spec.name(), settings.limits(), machineBytes, disk);
      words.addAll(0, List.of("/bin/sh", "-c", JOIN, group.resolve("cgroup.procs").toString()));
    }
    return words;
  }

  private String lenient() {
    return settings.mode() == JailMode.NEVER || settings.seccomp().equals("kill")
        ? "off"
        : settings.seccomp();
  }

  private List<String> limited() {
    List<String> words =
        new ArrayList<>(
            List.of(
                Programs.find("prlimit").orElseThrow().toString(),
                "--core=0",
                "--fsize=" + HostLimits.FILE_BYTES,
                "--nofile=" + HostLimits.OPEN_FILES));
    if (has(Layer.IDENTITY) && root) {
      // Of a user that no other process has; the group counts where they share one.
      words.add("--nproc=" + settings.limits().tasks());
    }
    return words;
  }

  /** The trial: everything but what a process has for itself. */
  private List<String> confined(int slot, List<String> program) {
    return bubblewrap(slot).run(asUser(slot, program));
  }

  private List<String> confined(HostSpec spec, List<String> program) throws IOException {
    BubblewrapCommand command = bubblewrap(spec.slot());
    for (String folder : List.of("snapshots", "images", "index")) {
      Path path = stateDir.resolve(folder);
      // A link to a folder is a folder to the process.
      Path real = Files.exists(path) ? path.toRealPath() : Files.createDirectories(path);
      if (!Files.getPosixFilePermissions(real).contains(PosixFilePermission.OTHERS_EXECUTE)) {
        Files.setPosixFilePermissions(real, PosixFilePermissions.fromString("rwxr-xr-x"));
      }
      command.readable(real, path);
    }
    Path socket = spec.socket().getParent();
    if (root) {
      int uid = settings.firstUid() + spec.slot();
      Files.setAttribute(socket, "unix:uid", uid);
      Files.setAttribute(socket, "unix:gid", uid);
    }
    command.writable(socket);
    if (Files.exists(KvmNode.KVM)) {
      Path node = root ? kvm.make(spec.name(), settings.firstUid() + spec.slot()) : KvmNode.KVM;
      command.device(node, "kvm");
    }
    return new ArrayList<>(command.run(asUser(spec.slot(), program)));
  }

  private BubblewrapCommand bubblewrap(int slot) {
    BubblewrapCommand command = new BubblewrapCommand(Programs.find("bwrap").orElseThrow());
    if (!root) {
      command.user(settings.firstUid() + slot);
    }
    DEVICES.forEach(name -> command.device(Path.of("/dev", name), name));
    rootFiles.files().forEach(file -> command.readable(file, file));
    return command;
  }

  private List<String> asUser(int slot, List<String> program) {
    if (!root) {
      return program;
    }
    String uid = Integer.toString(settings.firstUid() + slot);
    List<String> words =
        new ArrayList<>(
            List.of(
                Programs.find("setpriv").orElseThrow().toString(),
                "--reuid=" + uid,
                "--regid=" + uid,
                "--clear-groups",
                "--inh-caps=-all",
                "--bounding-set=-all",
                "--no-new-privs"));
    words.addAll(program);
    return words;
  }

  /**
   * Takes back what belongs to a host process that is gone, and kills what may be left of it.
   *
   * @param host its {@link HostSpec#name}, a former service's included
   * @throws IOException if something stays
   */
  public void clear(String host) throws IOException {
    if (cgroups != null) {
      cgroups.remove(host);
    }
    kvm.remove(host);
  }

  /**
   * @return names of host processes, a former service's included, that something is left of
   * @throws IOException if this machine cannot be asked
   */
  public List<String> remains() throws IOException {
    return cgroups == null ? List.of() : cgroups.names();
  }

  /**
   * Takes back what belongs to them all, a former service's included, and ends those that are left.
   * Not for a service whose successor takes its host processes over.
   *
   * @throws IOException if something stays
   */
  public void close() throws IOException {
    for (String host : remains()) {
      clear(host);
    }
    if (cgroups != null) {
      cgroups.close();
    }
  }
}
