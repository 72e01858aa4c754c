package dev.rekindle.cli.doctor;

/** One thing to look at. */
interface Check {
  /**
   * @return stable, lower case
   */
  String name();

  /**
   * @return one sentence: what it is to Rekindle
   */
  String why();

  /**
   * Looks.
   *
   * @return what is there; never throws for a file that is missing
   */
  Finding look();

  default Finding ok(String found) {
    return new Finding(name(), Level.OK, found, why(), "");
  }

  default Finding warn(String found, String fix) {
    return new Finding(name(), Level.WARN, found, why(), fix);
  }

  default Finding fail(String found, String fix) {
    return new Finding(name(), Level.FAIL, found, why(), fix);
  }
}
