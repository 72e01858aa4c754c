package dev.rekindle.vmm.machine;

import dev.rekindle.vmm.vcpu.PreparedVcpuState;
import java.lang.foreign.Arena;
import java.util.List;

/**
 * A {@link MachineState} decoded once and kept in native memory, to be loaded into any number of
 * shells of its shape. Immutable; thread: any. Close it after the last restore from it has
 * returned.
 */
public final class PreparedState implements AutoCloseable {
  private final MachineState state;
  private final Arena arena = Arena.ofShared();
  private final List<PreparedVcpuState> vcpus;
  private final ChipsState.Prepared chips;

  /**
   * @param state to prepare
   */
  public PreparedState(MachineState state) {
    this.state = state;
    vcpus = state.vcpus().stream().map(v -> new PreparedVcpuState(v, arena)).toList();
    chips = new ChipsState.Prepared(state.chips(), arena);
  }

  /**
   * @return what was prepared
   */
  public MachineState state() {
    return state;
  }

  PreparedVcpuState vcpu(int index) {
    return vcpus.get(index);
  }

  ChipsState.Prepared chips() {
    return chips;
  }

  @Override
  public void close() {
    arena.close();
  }
}
