package dev.rekindle.fuzz;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * All targets in one process: the first byte of an input says whose it is. Starting Jazzer takes as
 * long as a short run of it; a short run of every target starts it once.
 */
final class EveryTarget implements FuzzTarget {
  static final String NAME = "every";

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public void run(byte[] input) throws Exception {
    if (input.length > 0) {
      int number = Byte.toUnsignedInt(input[0]) % Targets.ALL.size();
      Targets.ALL.get(number).run(Arrays.copyOfRange(input, 1, input.length));
    }
  }

  @Override
  public List<byte[]> seeds() {
    // Those of the targets, by Corpus.join.
    return new ArrayList<>();
  }
}
