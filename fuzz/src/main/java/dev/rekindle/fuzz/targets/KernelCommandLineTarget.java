package dev.rekindle.fuzz.targets;

import dev.rekindle.fuzz.FuzzTarget;
import dev.rekindle.fuzz.Refusal;
import dev.rekindle.vmm.boot.BootException;
import dev.rekindle.vmm.boot.KernelCommandLine;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Kernel arguments of a recipe. */
public final class KernelCommandLineTarget implements FuzzTarget {
  /** Ready. */
  public KernelCommandLineTarget() {}

  @Override
  public String name() {
    return "kernel-command-line";
  }

  @Override
  public void run(byte[] input) {
    String text = new String(input, StandardCharsets.ISO_8859_1);
    try {
      KernelCommandLine line = KernelCommandLine.defaults().withAll(text);
      KernelCommandLine again = KernelCommandLine.empty().withAll(line.text());
      if (!again.equals(line) || line.text().length() > KernelCommandLine.MAX_BYTES) {
        throw new AssertionError("read back as " + again);
      }
    } catch (BootException e) {
      Refusal.check(e.code(), e);
    }
    try {
      KernelCommandLine.empty().with(text);
    } catch (BootException e) {
      Refusal.check(e.code(), e);
    }
  }

  @Override
  public List<byte[]> seeds() {
    return List.of(
        "quiet loglevel=3 init=/sbin/init".getBytes(StandardCharsets.US_ASCII),
        "dyndbg=\"file ec.c +p\" x=1".getBytes(StandardCharsets.US_ASCII));
  }
}
