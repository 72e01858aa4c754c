package dev.rekindle.vmm.seccomp;

import dev.rekindle.vmm.abi.linux.SockFilter;
import java.util.ArrayList;
import java.util.List;

/**
 * Writes a program from its end to its beginning, since BPF jumps forward only: a target is there
 * before what jumps to it. A position is the count of instructions behind it.
 */
final class BpfAssembler {
  private static final int FARTHEST = 255;

  private final List<BpfInstruction> backwards = new ArrayList<>();

  /** Ends with a result. */
  int ret(int result) {
    return add(SockFilter.RETURN, 0, 0, result);
  }

  /**
   * Loads a word of the call and goes on.
   *
   * @param offset in {@code struct seccomp_data}
   * @param next where to go on
   */
  int load(int offset, int next) {
    fallTo(next);
    return add(SockFilter.LOAD, 0, 0, offset);
  }

  /** Keeps the accumulator's bits that are in the mask and goes on. */
  int and(int mask, int next) {
    fallTo(next);
    return add(SockFilter.AND, 0, 0, mask);
  }

  /** Goes one of two ways. */
  int jumpIf(int comparison, int operand, int ifTrue, int ifFalse) {
    int near = near(ifTrue, 1);
    int otherNear = near(ifFalse, 0);
    int here = backwards.size();
    return add(comparison, here - 1 - near, here - 1 - otherNear, operand);
  }

  /** Where a conditional jump can reach that leads to the target, with room for some more. */
  private int near(int target, int toCome) {
    return backwards.size() + toCome - 1 - target > FARTHEST ? jump(target) : target;
  }

  private void fallTo(int next) {
    if (next != backwards.size() - 1) {
      jump(next);
    }
  }

  private int jump(int target) {
    return add(SockFilter.JUMP, 0, 0, backwards.size() - 1 - target);
  }

  private int add(int code, int jt, int jf, int k) {
    backwards.add(new BpfInstruction(code, jt, jf, k));
    return backwards.size() - 1;
  }

  /** The program, which begins with what was written last. */
  List<BpfInstruction> program() {
    return List.copyOf(backwards.reversed());
  }
}
