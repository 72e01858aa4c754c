package dev.rekindle.vmm.boot;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * A Linux program of a few system calls, assembled by hand, and the initramfs that has nothing but
 * it as {@code /init}: a guest of our own without a C library or a shell.
 */
public final class InitProgram {
  private static final long BASE = 0x40_0000;
  private static final int HEADERS = 64 + 56;

  private static final int SYS_WRITE = 1;
  private static final int SYS_NANOSLEEP = 35;
  private static final int SYS_EXIT = 60;
  private static final int SYS_REBOOT = 169;
  private static final int REBOOT_POWER_OFF = 0x4321_FEDC;

  private record Reference(int at, byte[] data) {}

  private final ByteArrayOutputStream code = new ByteArrayOutputStream();
  private final List<Reference> references = new ArrayList<>();

  /** Prints to the console. */
  public InitProgram write(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
    bytes(0xBF).int32(1);
    bytes(0x48, 0x8D, 0x35).reference(bytes);
    bytes(0xBA).int32(bytes.length);
    return call(SYS_WRITE);
  }

  /** Sleeps; the kernel's timers have to work for it to end. */
  public InitProgram sleepMillis(int millis) {
    byte[] timespec =
        ByteBuffer.allocate(16)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putLong(millis / 1000)
            .putLong(millis % 1000 * 1_000_000L)
            .array();
    bytes(0x48, 0x8D, 0x3D).reference(timespec);
    bytes(0x31, 0xF6);
    return call(SYS_NANOSLEEP);
  }

  /** Turns the machine off. */
  public InitProgram powerOff() {
    bytes(0xBF).int32(0xFEE1_DEAD);
    bytes(0xBE).int32(0x2812_1969);
    bytes(0xBA).int32(REBOOT_POWER_OFF);
    bytes(0x45, 0x31, 0xD2);
    return call(SYS_REBOOT);
  }

  /** Ends the first process, at which a kernel panics. */
  public InitProgram exit(int status) {
    bytes(0xBF).int32(status);
    return call(SYS_EXIT);
  }

  /** Where the program is now, for {@link #jump}. */
  public int here() {
    return code.size();
  }

  /** Goes on elsewhere. */
  public InitProgram jump(int to) {
    bytes(0xE9);
    return int32(to - (code.size() + 4));
  }

  /** The archive with the program as {@code /init}. */
  public byte[] initramfs() {
    ByteArrayOutputStream cpio = new ByteArrayOutputStream();
    entry(cpio, "init", 0100755, elf());
    entry(cpio, "TRAILER!!!", 0, new byte[0]);
    return cpio.toByteArray();
  }

  private byte[] elf() {
    byte[] text = code.toByteArray();
    int dataBytes = references.stream().mapToInt(r -> r.data().length).sum();
    int total = HEADERS + text.length + dataBytes;
    ByteBuffer elf = ByteBuffer.allocate(total).order(ByteOrder.LITTLE_ENDIAN);
    elf.putInt(0x464C_457F).put((byte) 2).put((byte) 1).put((byte) 1).position(16);
    elf.putShort((short) 2).putShort((short) 62).putInt(1);
    elf.putLong(BASE + HEADERS).putLong(64).putLong(0).putInt(0);
    elf.putShort((short) 64).putShort((short) 56).putShort((short) 1).position(64);
    elf.putInt(1).putInt(5).putLong(0).putLong(BASE).putLong(BASE);
    elf.putLong(total).putLong(total).putLong(4096);
    elf.put(text);
    int at = HEADERS + text.length;
    for (Reference r : references) {
      elf.putInt(HEADERS + r.at(), at - (HEADERS + r.at() + 4));
      elf.put(at, r.data());
      at += r.data().length;
    }
    return elf.array();
  }

  /** An entry of the "newc" format ({@code Documentation/driver-api/early-userspace}). */
  private static void entry(ByteArrayOutputStream cpio, String name, int mode, byte[] data) {
    String head =
        "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x"
            .formatted(1, mode, 0, 0, 1, 0, data.length, 0, 0, 0, 0, name.length() + 1, 0);
    cpio.writeBytes((head + name + "\0").getBytes(StandardCharsets.US_ASCII));
    pad(cpio);
    cpio.writeBytes(data);
    pad(cpio);
  }

  private static void pad(ByteArrayOutputStream cpio) {
    while (cpio.size() % 4 != 0) {
      cpio.write(0);
    }
  }

  private InitProgram call(int number) {
    bytes(0xB8).int32(number);
    return bytes(0x0F, 0x05);
  }

  private InitProgram reference(byte[] data) {
    references.add(new Reference(code.size(), data));
    return int32(0);
  }

  private InitProgram int32(int value) {
    return bytes(value & 0xFF, value >>> 8 & 0xFF, value >>> 16 & 0xFF, value >>> 24);
  }

  private InitProgram bytes(int... values) {
    for (int value : values) {
      code.write(value);
    }
    return this;
  }
}
