package dev.rekindle.pool.fleet;

/**
 * How many processes there should be.
 *
 * @param present those started and not yet gone from the machine
 * @param starting those of them that have not answered hello yet
 * @param pristine those of them that are ready, have served nobody and keep nothing
 * @param spares pristine ones wanted at any time
 * @param max most at a time
 */
record Scaling(int present, int starting, int pristine, int spares, int max) {
  /**
   * How many to start now.
   *
   * @param kindsWaiting processes that those acquires need which wait for one
   * @param stockIsShort whether something is kept ready nowhere for want of room
   */
  int toStart(int kindsWaiting, boolean stockIsShort) {
    int needed = spares + kindsWaiting + (stockIsShort ? 1 : 0);
    return Math.max(0, Math.min(needed - pristine - starting, max - present));
  }

  /** How many pristine ones are too many. */
  int surplus() {
    return Math.max(0, pristine - spares);
  }
}
