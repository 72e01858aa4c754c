package dev.rekindle.vmm.boot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.rekindle.vmm.abi.boot.BootParams;
import dev.rekindle.vmm.abi.boot.HvmStartInfo;
import dev.rekindle.vmm.abi.boot.SetupHeader;
import dev.rekindle.vmm.arch.x86.AddressMap;
import dev.rekindle.vmm.memory.GuestMemory;
import dev.rekindle.vmm.sys.Mapping;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Reads back, by the offsets the protocol documents, what was written. */
class BootParamsWriterTest {
  private static final long MIB = 1 << 20;
  private static final long ZERO_PAGE = AddressMap.ZERO_PAGE;
  private static final KernelCommandLine LINE = KernelCommandLine.defaults();

  @TempDir Path dir;
  private final Arena arena = Arena.ofConfined();
  private final GuestMemory memory = GuestMemory.allocate(64 * MIB, arena);

  @AfterEach
  void close() {
    arena.close();
  }

  @Test
  void shouldWriteEveryFieldThatTheProtocolRequires() throws IOException {
    LoadedKernel kernel = bzImage();

    write(kernel, Optional.of(new Initramfs(0x300_0000, 0x1234)));

    assertThat(memory.getInt(ZERO_PAGE + 0x202)).isEqualTo(SetupHeader.HEADER_MAGIC);
    assertThat(memory.getShort(ZERO_PAGE + 0x206)).isEqualTo((short) 0x20F);
    assertThat(memory.getByte(ZERO_PAGE + 0x210)).as("type_of_loader").isEqualTo((byte) 0xFF);
    assertThat(memory.getByte(ZERO_PAGE + 0x211)).as("loadflags").isEqualTo((byte) 1);
    assertThat(memory.getInt(ZERO_PAGE + 0x214)).as("code32_start").isEqualTo(0x10_0000);
    assertThat(memory.getInt(ZERO_PAGE + 0x218)).as("ramdisk_image").isEqualTo(0x300_0000);
    assertThat(memory.getInt(ZERO_PAGE + 0x21C)).as("ramdisk_size").isEqualTo(0x1234);
    assertThat(memory.getInt(ZERO_PAGE + 0x228)).as("cmd_line_ptr").isEqualTo(0x2_0000);
    assertThat(memory.getLong(ZERO_PAGE + 0x70)).as("acpi_rsdp_addr").isEqualTo(0xE_0000);
    assertThat(memory.getInt(ZERO_PAGE + 0x268)).as("kernel_info_offset").isEqualTo(0x1234);
    assertThat(memory.getByte(ZERO_PAGE + 0x1EF)).as("sentinel").isZero();
    assertThat(memory.getByte(ZERO_PAGE + 0x100)).as("nothing of the boot sector").isZero();
    assertThat(memory.getByte(ZERO_PAGE + 0x26C)).as("nothing behind the header").isZero();
  }

  @Test
  void shouldWriteTheCommandLineWithItsNul() throws IOException {
    memory.slice(AddressMap.COMMAND_LINE, 4096).fill((byte) 'x');

    write(bzImage(), Optional.empty());

    assertThat(memory.slice(AddressMap.COMMAND_LINE, 4096).getString(0)).isEqualTo(LINE.text());
    assertThat(memory.getInt(ZERO_PAGE + 0x218)).as("no ramdisk").isZero();
    assertThat(memory.getInt(ZERO_PAGE + 0x21C)).isZero();
  }

  @Test
  void shouldRefuseALineThatThisKernelCannotTake() throws IOException {
    ByteBuffer image = TestKernels.bzImage();
    image.putInt(TestKernels.header("cmdline_size"), 16);
    LoadedKernel kernel = load(image);

    assertThatExceptionOfType(BootException.class)
        .isThrownBy(() -> write(kernel, Optional.empty()))
        .satisfies(e -> assertThat(e.code()).isEqualTo(BootErrorCode.COMMAND_LINE_INVALID));
  }

  @Test
  void shouldDescribeMemoryBelow4GiB() throws IOException {
    write(bzImage(), Optional.empty());

    assertThat(e820())
        .containsExactly(
            new E820Entry(0, 0x9_FC00, BootParams.E820_TYPE_RAM),
            new E820Entry(0xE_0000, 0x2_0000, BootParams.E820_TYPE_RESERVED),
            new E820Entry(MIB, 63 * MIB, BootParams.E820_TYPE_RAM));
  }

  @Test
  void shouldDescribeMemoryAboveTheHole() {
    // Only the sizes matter: nothing of the 5 GiB is touched.
    try (Mapping large = Mapping.anonymous(5L << 30)) {
      assertThat(E820Entry.of(new GuestMemory(large.segment())))
          .containsExactly(
              new E820Entry(0, 0x9_FC00, BootParams.E820_TYPE_RAM),
              new E820Entry(0xE_0000, 0x2_0000, BootParams.E820_TYPE_RESERVED),
              new E820Entry(MIB, (3L << 30) - MIB, BootParams.E820_TYPE_RAM),
              new E820Entry(4L << 30, 2L << 30, BootParams.E820_TYPE_RAM));
    }
  }

  @Test
  void shouldPassTheSeedAsSetupData() throws IOException {
    byte[] seed = new byte[32];
    java.util.Arrays.fill(seed, (byte) 0x5E);

    BootParamsWriter.write(
        memory, bzImage(), new BootInputs(LINE, Optional.empty(), 0xE_0000, RngSeed.of(seed)));

    long data = memory.getLong(ZERO_PAGE + 0x250);
    assertThat(data).isEqualTo(AddressMap.SETUP_DATA);
    assertThat(memory.getLong(data)).as("next").isZero();
    assertThat(memory.getInt(data + 8)).as("type").isEqualTo(9);
    assertThat(memory.getInt(data + 12)).as("len").isEqualTo(32);
    byte[] written = new byte[32];
    memory.read(data + 16, written, 0, 32);
    assertThat(written).isEqualTo(seed);
  }

  @Test
  void shouldPassNoSetupDataWithoutASeed() throws IOException {
    ByteBuffer image = TestKernels.bzImage();
    image.putLong(TestKernels.header("setup_data"), 0xBAD);

    write(load(image), Optional.empty());

    assertThat(memory.getLong(ZERO_PAGE + 0x250)).isZero();
  }

  @Test
  void shouldGiveAnElfKernelAHeaderOfItsOwn() throws IOException {
    LoadedKernel kernel =
        load(
            TestKernels.elf(0x100_0000, 0, List.of(new TestKernels.Load(0x100_0000, 0, 64, 4096))));

    write(kernel, Optional.empty());

    assertThat(memory.getShort(ZERO_PAGE + 0x1FE)).isEqualTo((short) 0xAA55);
    assertThat(memory.getInt(ZERO_PAGE + 0x202)).isEqualTo(SetupHeader.HEADER_MAGIC);
    assertThat(memory.getShort(ZERO_PAGE + 0x206)).isEqualTo((short) 0x20C);
    assertThat(memory.getInt(ZERO_PAGE + 0x228)).isEqualTo(0x2_0000);
  }

  @Test
  void shouldWriteTheStartInformationOfPvh() throws IOException {
    LoadedKernel kernel = bzImage();

    PvhStartInfoWriter.write(
        memory,
        kernel,
        new BootInputs(
            LINE, Optional.of(new Initramfs(0x300_0000, 0x1234)), 0xE_0000, RngSeed.NONE));

    long info = AddressMap.PVH_START_INFO;
    assertThat(memory.getInt(info)).isEqualTo(HvmStartInfo.XEN_HVM_START_MAGIC_VALUE);
    assertThat(memory.getInt(info + 4)).as("version").isEqualTo(1);
    assertThat(memory.getInt(info + 12)).as("nr_modules").isEqualTo(1);
    long module = memory.getLong(info + 16);
    assertThat(memory.getLong(module)).isEqualTo(0x300_0000);
    assertThat(memory.getLong(module + 8)).isEqualTo(0x1234);
    assertThat(memory.getLong(info + 24)).as("cmdline_paddr").isEqualTo(0x2_0000);
    assertThat(memory.slice(0x2_0000, 4096).getString(0)).isEqualTo(LINE.text());
    assertThat(memory.getLong(info + 32)).as("rsdp_paddr").isEqualTo(0xE_0000);
    long map = memory.getLong(info + 40);
    int count = memory.getInt(info + 48);
    List<E820Entry> entries = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      long at = map + i * 24L;
      entries.add(
          new E820Entry(memory.getLong(at), memory.getLong(at + 8), memory.getInt(at + 16)));
    }
    assertThat(entries).isEqualTo(E820Entry.of(memory));
    assertThat(map + count * 24L).as("one page").isLessThanOrEqualTo(info + 4096);
  }

  private List<E820Entry> e820() {
    List<E820Entry> entries = new ArrayList<>();
    int count = memory.getByte(ZERO_PAGE + 0x1E8);
    for (int i = 0; i < count; i++) {
      long at = ZERO_PAGE + 0x2D0 + i * 20L;
      entries.add(
          new E820Entry(memory.getLong(at), memory.getLong(at + 8), memory.getInt(at + 16)));
    }
    return entries;
  }

  private void write(LoadedKernel kernel, Optional<Initramfs> initramfs) {
    BootParamsWriter.write(memory, kernel, new BootInputs(LINE, initramfs, 0xE_0000, RngSeed.NONE));
  }

  private LoadedKernel bzImage() throws IOException {
    return load(TestKernels.bzImage());
  }

  private LoadedKernel load(ByteBuffer image) throws IOException {
    return KernelLoader.load(Files.write(dir.resolve("kernel"), image.array()), memory);
  }
}
