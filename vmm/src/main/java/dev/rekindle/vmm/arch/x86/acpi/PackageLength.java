package dev.rekindle.vmm.arch.x86.acpi;

/** PkgLength (ACPI 6.5, 20.2.4): one to four bytes, which count themselves. */
final class PackageLength {
  private PackageLength() {}

  /** Appends the length and the body. */
  static void encode(ByteSink body, ByteSink out) {
    int length = body.size();
    if (length + 1 < 1 << 6) {
      out.u8(length + 1);
    } else {
      int following = length + 2 < 1 << 12 ? 1 : length + 3 < 1 << 20 ? 2 : 3;
      int total = length + 1 + following;
      if (total >= 1 << 28) {
        throw new IllegalArgumentException("an AML package has less than 256 MiB, got " + total);
      }
      out.u8(following << 6 | total & 0xF);
      for (int i = 0; i < following; i++) {
        out.u8(total >>> 4 + 8 * i);
      }
    }
    out.bytes(body.toBytes());
  }
}
