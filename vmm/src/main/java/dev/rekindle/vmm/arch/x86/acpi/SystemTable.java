package dev.rekindle.vmm.arch.x86.acpi;

/** System description tables: the header all share and the checksum (ACPI 6.5, 5.2.6). */
public final class SystemTable {
  /** Size of the header. */
  public static final int HEADER_BYTES = 36;

  /** Where the checksum lies in the header. */
  public static final int CHECKSUM_OFFSET = 9;

  private static final String OEM_ID = "REKNDL";
  private static final String OEM_TABLE_ID = "REKINDLE";
  private static final String CREATOR_ID = "RKDL";

  private SystemTable() {}

  /**
   * @param signature four characters
   * @param revision of the table's format
   * @param body what follows the header
   * @return the whole table, its bytes adding up to 0
   */
  public static byte[] of(String signature, int revision, byte[] body) {
    if (signature.length() != 4) {
      throw new IllegalArgumentException("signature must have 4 characters, got " + signature);
    }
    byte[] table =
        new ByteSink()
            .ascii(signature)
            .u32(HEADER_BYTES + body.length)
            .u8(revision)
            .u8(0)
            .ascii(OEM_ID)
            .ascii(OEM_TABLE_ID)
            .u32(1)
            .ascii(CREATOR_ID)
            .u32(1)
            .bytes(body)
            .toBytes();
    table[CHECKSUM_OFFSET] = checksum(table, table.length);
    return table;
  }

  /**
   * The root pointer, revision 2 (5.2.5.3); 36 bytes with two checksums.
   *
   * @param xsdtGpa the XSDT's address
   * @return its bytes
   */
  public static byte[] rsdp(long xsdtGpa) {
    byte[] rsdp =
        new ByteSink()
            .ascii("RSD PTR ")
            .u8(0)
            .ascii(OEM_ID)
            .u8(2)
            .u32(0)
            .u32(36)
            .u64(xsdtGpa)
            .u8(0)
            .zeros(3)
            .toBytes();
    rsdp[8] = checksum(rsdp, 20);
    rsdp[32] = checksum(rsdp, rsdp.length);
    return rsdp;
  }

  /** What makes the first {@code length} bytes add up to 0, where the checksum itself is 0. */
  static byte checksum(byte[] bytes, int length) {
    int sum = 0;
    for (int i = 0; i < length; i++) {
      sum += bytes[i];
    }
    return (byte) -sum;
  }
}
