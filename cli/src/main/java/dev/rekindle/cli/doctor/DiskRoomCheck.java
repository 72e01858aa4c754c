package dev.rekindle.cli.doctor;

import java.nio.file.Path;

/**
 * Room for images and snapshots.
 *
 * @param state the state directory
 * @param freeBytes usable on its file system
 */
record DiskRoomCheck(Path state, long freeBytes) implements Check {
  static final long ENOUGH_BYTES = 8L << 30;
  static final long LEAST_BYTES = 2L << 30;

  @Override
  public String name() {
    return "disk-room";
  }

  @Override
  public String why() {
    return "images and snapshots: a template takes its guest's memory and half a gigabyte of images";
  }

  @Override
  public Finding look() {
    String found = tenths(freeBytes) + " GiB free for " + state;
    String fix = "make 8 GiB free, or set REKINDLE_STATE to a larger disk";
    if (freeBytes < LEAST_BYTES) {
      return fail(found, fix);
    }
    return freeBytes < ENOUGH_BYTES ? warn(found, fix) : ok(found);
  }

  static String tenths(long bytes) {
    long tenths = (long) (bytes * 10.0 / (1L << 30));
    return tenths / 10 + "." + tenths % 10;
  }
}
