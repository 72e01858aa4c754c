package dev.rekindle.fuzz;

import java.util.List;

/**
 * Something that takes bytes from outside. Whatever they are, it must end soon, with a result or
 * with the typed error that the code under test declares; anything else is a finding.
 */
public interface FuzzTarget {
  /**
   * @return its name on the command line and of its corpus, in lower case with hyphens
   */
  String name();

  /**
   * Takes one input. Equal inputs take equal ways.
   *
   * @param input any bytes
   * @throws Exception a finding, as is every other throwable
   */
  void run(byte[] input) throws Exception;

  /**
   * Inputs that get far: what the code under test writes itself.
   *
   * @return for the corpus
   * @throws Exception if they cannot be made
   */
  List<byte[]> seeds() throws Exception;
}
