package dev.rekindle.vmm.arch.x86.acpi;

import java.util.List;

/** Resource descriptors (ACPI 6.5, 6.4): what {@code _CRS} lists. */
public sealed interface Resource {
  /**
   * @param out receives the descriptor's bytes
   */
  void encode(ByteSink out);

  /**
   * @param resources in order
   * @return their descriptors and the end tag
   */
  static byte[] template(List<Resource> resources) {
    ByteSink out = new ByteSink();
    resources.forEach(resource -> resource.encode(out));
    // End tag with checksum 0: "treat as correct" (6.4.2.9).
    return out.u8(0x79).u8(0).toBytes();
  }

  /**
   * Memory below 4 GiB, read and write (6.4.3.4).
   *
   * @param base first address
   * @param length bytes
   */
  record Memory32Fixed(long base, long length) implements Resource {
    @Override
    public void encode(ByteSink out) {
      out.u8(0x86).u16(9).u8(1).u32(base).u32(length);
    }
  }

  /**
   * I/O ports, all 16 address bits decoded (6.4.2.5).
   *
   * @param base first port
   * @param length ports, at most 255
   */
  record Ports(int base, int length) implements Resource {
    @Override
    public void encode(ByteSink out) {
      out.u8(0x47).u8(1).u16(base).u16(base).u8(1).u8(length);
    }
  }

  /**
   * One interrupt, consumed, edge-triggered, active high, not shared (6.4.3.6). Edge, because a
   * line is raised and lowered at once: a level-triggered pin would see the level gone before the
   * guest has acknowledged it.
   *
   * @param gsi global system interrupt
   */
  record EdgeInterrupt(int gsi) implements Resource {
    private static final int CONSUMER = 1;
    private static final int EDGE = 2;

    @Override
    public void encode(ByteSink out) {
      out.u8(0x89).u16(6).u8(CONSUMER | EDGE).u8(1).u32(gsi);
    }
  }
}
