package dev.rekindle.pool.hostclient;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A host process to be started.
 *
 * @param slot its place among those of a service, {@code [0, maximum)}; taken again by a successor,
 *     never by two at a time
 * @param program starts it, up to the arguments that differ between processes of a service
 * @param socket where it is to listen
 * @param stateDir templates, snapshots and images, which it reads
 * @param log gets its standard error
 * @param shells VMs it builds ahead of each shape
 */
public record HostSpec(
    int slot, List<String> program, Path socket, Path stateDir, Path log, int shells) {
  /** Copies the program. */
  public HostSpec {
    program = List.copyOf(program);
  }

  /**
   * @return for people, and for what belongs to it
   */
  public String name() {
    return "host-" + slot;
  }

  /**
   * @return its one life, which no other process has had or will have
   */
  public String instance() {
    return name() + "-" + socket.getFileName().toString().replace(".sock", "");
  }

  /**
   * @return where the service keeps what it must know of processes, out of their reach
   */
  public Path runFolder() {
    return socket.getParent().getParent();
  }

  /**
   * @return the whole command line, see {@code docs/host-protocol.md}
   */
  public List<String> command() {
    List<String> command = new ArrayList<>(program);
    command.addAll(
        List.of(
            "--socket",
            socket.toString(),
            "--state",
            stateDir.toString(),
            "--shells",
            Integer.toString(shells)));
    return command;
  }
}
