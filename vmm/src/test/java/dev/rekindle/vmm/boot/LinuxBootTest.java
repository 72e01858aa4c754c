package dev.rekindle.vmm.boot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.rekindle.vmm.arch.x86.AddressMap;
import dev.rekindle.vmm.arch.x86.VirtioMmioSlot;
import dev.rekindle.vmm.memory.GuestMemory;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LinuxBootTest {
  private static final long MIB = 1 << 20;

  @TempDir Path dir;
  private final Arena arena = Arena.ofConfined();
  private final GuestMemory memory = GuestMemory.allocate(64 * MIB, arena);
  private Path kernel;

  @BeforeEach
  void writeKernel() throws IOException {
    kernel = Files.write(dir.resolve("kernel"), TestKernels.bzImage().array());
  }

  @AfterEach
  void close() {
    arena.close();
  }

  @Test
  void shouldStartABzImageInLongModeWithTheZeroPage() {
    BootCpuState state = LinuxBoot.prepare(request(Optional.empty()), memory);

    assertThat(state.rip()).isEqualTo(0x10_0200);
    assertThat(state.rsi()).isEqualTo(AddressMap.ZERO_PAGE);
    assertThat(state.rbx()).isZero();
    assertThat(state.rsp()).isEqualTo(AddressMap.BOOT_STACK);
    assertThat(state.cr0()).isEqualTo(0x8000_0011L);
    assertThat(state.cr3()).isEqualTo(AddressMap.PAGE_TABLES);
    assertThat(state.cr4()).isEqualTo(0x20);
    assertThat(state.efer()).isEqualTo(0x500);
    assertThat(state.code().l()).isEqualTo(1);
    assertThat(state.code().db()).isZero();
    assertThat(state.code().selector()).as("__BOOT_CS").isEqualTo(0x10);
    assertThat(state.data().selector()).as("__BOOT_DS").isEqualTo(0x18);
    assertThat(memory.getLong(AddressMap.PAGE_TABLES)).isNotZero();
    assertThat(
            memory
                .slice(AddressMap.ACPI_TABLES, 8)
                .toArray(java.lang.foreign.ValueLayout.JAVA_BYTE))
        .isEqualTo("RSD PTR ".getBytes());
  }

  @Test
  void shouldStartAVmlinuxByPvhInProtectedMode() throws IOException {
    ByteBuffer elf =
        TestKernels.elf(
            0x100_0000, 0x100_0020, List.of(new TestKernels.Load(0x100_0000, 0, 64, 4096)));
    Files.write(kernel, elf.array());

    BootCpuState state = LinuxBoot.prepare(request(Optional.empty()), memory);

    assertThat(state.rip()).isEqualTo(0x100_0020);
    assertThat(state.rbx()).isEqualTo(AddressMap.PVH_START_INFO);
    assertThat(state.rsi()).isZero();
    assertThat(state.cr0()).isEqualTo(0x11);
    assertThat(state.cr3()).isZero();
    assertThat(state.cr4()).isZero();
    assertThat(state.efer()).isZero();
    assertThat(state.code().l()).isZero();
    assertThat(state.code().db()).isEqualTo(1);
    assertThat(memory.getInt(AddressMap.PVH_START_INFO)).isEqualTo(0x336E_C578);
  }

  @Test
  void shouldPutTheInitramfsAtTheTopPageAligned() throws IOException {
    byte[] cpio = new byte[5000];
    java.util.Arrays.fill(cpio, (byte) 0x42);
    Path initramfs = Files.write(dir.resolve("initramfs"), cpio);

    LinuxBoot.prepare(request(Optional.of(initramfs)), memory);

    long gpa = memory.getInt(AddressMap.ZERO_PAGE + 0x218);
    assertThat(gpa).isEqualTo(64 * MIB - 8192);
    assertThat(memory.getInt(AddressMap.ZERO_PAGE + 0x21C)).isEqualTo(5000);
    assertThat(memory.getByte(gpa)).isEqualTo((byte) 0x42);
    assertThat(memory.getByte(gpa + 4999)).isEqualTo((byte) 0x42);
    assertThat(memory.getByte(gpa + 5000)).isZero();
  }

  @Test
  void shouldFillTheGapToTheKernelToTheLastPageAndRefuseOneByteMore() throws IOException {
    long room = 64 * MIB - (TestKernels.PREF_ADDRESS + TestKernels.INIT_SIZE);
    Path initramfs = dir.resolve("initramfs");

    Files.write(initramfs, new byte[(int) room]);
    LinuxBoot.prepare(request(Optional.of(initramfs)), memory);
    Files.write(initramfs, new byte[(int) room + 1]);

    assertThat(refusal(initramfs)).isEqualTo(BootErrorCode.INITRAMFS_TOO_LARGE);
  }

  @Test
  void shouldRefuseAnInitramfsThatIsNone() throws IOException {
    assertThat(refusal(dir.resolve("none"))).isEqualTo(BootErrorCode.INITRAMFS_UNREADABLE);
    assertThat(refusal(dir)).isEqualTo(BootErrorCode.INITRAMFS_UNREADABLE);
    Path empty = Files.write(dir.resolve("empty"), new byte[0]);
    assertThat(refusal(empty)).isEqualTo(BootErrorCode.INITRAMFS_EMPTY);
  }

  @Test
  void shouldWriteTheSameBytesEveryTime() {
    LinuxBoot.prepare(request(Optional.empty()), memory);
    GuestMemory again = GuestMemory.allocate(64 * MIB, arena);

    LinuxBoot.prepare(request(Optional.empty()), again);

    assertThat(again.slice(0, 64 * MIB).mismatch(memory.slice(0, 64 * MIB))).isEqualTo(-1);
  }

  @Test
  void shouldKeepWhatItWritesApart() {
    // The areas of the address map below 1 MiB, in order.
    long[] bounds = {
      AddressMap.GDT,
      AddressMap.GDT + 48,
      AddressMap.PVH_START_INFO,
      AddressMap.PVH_START_INFO + 4096,
      AddressMap.ZERO_PAGE,
      AddressMap.ZERO_PAGE + 4096,
      AddressMap.BOOT_STACK - 2048,
      AddressMap.BOOT_STACK,
      AddressMap.PAGE_TABLES,
      AddressMap.PAGE_TABLES + 6 * 4096,
      AddressMap.COMMAND_LINE,
      AddressMap.COMMAND_LINE + AddressMap.COMMAND_LINE_MAX_BYTES,
      AddressMap.SETUP_DATA,
      AddressMap.SETUP_DATA + 4096,
      AddressMap.LOW_RAM_END,
      AddressMap.ACPI_TABLES,
      AddressMap.ACPI_TABLES_END,
      AddressMap.VM_GENERATION_ID,
      AddressMap.VM_GENERATION_ID + 16,
      AddressMap.KERNEL,
    };

    assertThat(bounds).isSorted();
  }

  private BootErrorCode refusal(Path initramfs) {
    BootErrorCode[] code = new BootErrorCode[1];
    assertThatExceptionOfType(BootException.class)
        .isThrownBy(() -> LinuxBoot.prepare(request(Optional.of(initramfs)), memory))
        .satisfies(e -> code[0] = e.code());
    return code[0];
  }

  private LinuxBoot.Request request(Optional<Path> initramfs) {
    return new LinuxBoot.Request(
        kernel,
        initramfs,
        KernelCommandLine.defaults(),
        RngSeed.of(new byte[32]),
        2,
        List.of(VirtioMmioSlot.of(0), VirtioMmioSlot.of(1)));
  }
}
