package dev.rekindle.snapshotter;

import dev.rekindle.vmm.boot.KernelCommandLine;
import dev.rekindle.vmm.machine.BootConfig;
import dev.rekindle.vmm.machine.DeviceSlot;
import dev.rekindle.vmm.machine.Shape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/**
 * A kernel of a dozen instructions: counts in memory and writes each count, as a printable
 * character, to the serial port, for ever. Runs on every /dev/kvm.
 */
public final class AssemblerGuest {
  public static final Shape SHAPE =
      new Shape(16 << 20, 1, List.of(new DeviceSlot.Vsock(), new DeviceSlot.Rng()));

  /** Where the guest counts, one byte. */
  public static final long COUNTER_GPA = 0x30_0000;

  private static final long LOAD_GPA = 0x10_0000;

  /**
   * {@code mov dx,0x3f8; l: inc byte [0x300000]; mov al,[0x300000]; and al,0x3f; add al,0x20; out
   * dx,al; jmp l}.
   */
  private static final byte[] CODE =
      HexFormat.of().parseHex("66baf803" + "fe042500003000" + "8a042500003000" + "243f0420eeebeb");

  private static final int CODE_OFFSET = 4096;

  private AssemblerGuest() {}

  /** Writes it as an ELF file. */
  public static BootConfig writeTo(Path directory) throws IOException {
    ByteBuffer elf = ByteBuffer.allocate(CODE_OFFSET + CODE.length).order(ByteOrder.LITTLE_ENDIAN);
    elf.put(new byte[] {0x7F, 'E', 'L', 'F', 2, 1, 1}).position(16);
    elf.putShort((short) 2).putShort((short) 62).putInt(1);
    elf.putLong(LOAD_GPA).putLong(64).putLong(0).putInt(0);
    elf.putShort((short) 64).putShort((short) 56).putShort((short) 1);
    elf.position(64);
    elf.putInt(1).putInt(7).putLong(CODE_OFFSET).putLong(LOAD_GPA).putLong(LOAD_GPA);
    elf.putLong(CODE.length).putLong(CODE.length).putLong(4096);
    elf.position(CODE_OFFSET);
    elf.put(CODE);
    Path kernel = directory.resolve("counter.elf");
    Files.write(kernel, elf.array());
    return new BootConfig(kernel, Optional.empty(), KernelCommandLine.defaults(), List.of());
  }
}
