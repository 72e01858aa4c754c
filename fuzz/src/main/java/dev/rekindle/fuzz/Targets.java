package dev.rekindle.fuzz;

import dev.rekindle.fuzz.targets.BusTarget;
import dev.rekindle.fuzz.targets.HostProtocolTarget;
import dev.rekindle.fuzz.targets.KernelCommandLineTarget;
import dev.rekindle.fuzz.targets.KernelImageTarget;
import dev.rekindle.fuzz.targets.ManifestTarget;
import dev.rekindle.fuzz.targets.RecipeTarget;
import dev.rekindle.fuzz.targets.StateFileTarget;
import dev.rekindle.fuzz.targets.VirtioStateTarget;
import dev.rekindle.fuzz.targets.VirtioTarget;
import dev.rekindle.pool.http.HttpBodyTarget;
import dev.rekindle.snapshotter.agent.AgentFramesTarget;
import dev.rekindle.snapshotter.image.TarTarget;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;

/** All targets there are. */
public final class Targets {
  /** By name. */
  static final List<FuzzTarget> ALL =
      List.of(
          new KernelImageTarget(),
          new KernelCommandLineTarget(),
          new BusTarget(),
          VirtioTarget.block(),
          VirtioTarget.rng(),
          VirtioTarget.vsock(),
          new VirtioStateTarget(),
          new ManifestTarget(),
          new StateFileTarget(),
          new HostProtocolTarget(),
          new AgentFramesTarget(),
          new TarTarget(),
          new RecipeTarget(),
          new HttpBodyTarget());

  private Targets() {}

  /**
   * @param name of a target
   * @return the target
   * @throws IllegalArgumentException if there is none
   */
  static FuzzTarget named(String name) {
    if (name.equals(EveryTarget.NAME)) {
      return new EveryTarget();
    }
    return ALL.stream()
        .filter(target -> target.name().equals(name))
        .findAny()
        .orElseThrow(
            () -> new IllegalArgumentException("no target " + name + "; there are " + names()));
  }

  private static String names() {
    return ALL.stream().map(FuzzTarget::name).collect(Collectors.joining(", "));
  }

  /**
   * Prints the targets' names, a line each; or writes their seeds; or joins their corpora into that
   * of {@link EveryTarget}.
   *
   * @param args none; or {@code seeds <corpus>}; or {@code join <corpus> <folder>}
   * @throws Exception if a seed cannot be made or written
   */
  public static void main(String[] args) throws Exception {
    for (int i = 0; i < ALL.size(); i++) {
      if (args.length == 0) {
        System.out.println(ALL.get(i).name());
      } else if (args[0].equals("seeds")) {
        Corpus.writeSeeds(ALL.get(i), Path.of(args[1]));
      } else {
        Corpus.join(ALL.get(i), i, Path.of(args[1]), Path.of(args[2]));
      }
    }
  }
}
