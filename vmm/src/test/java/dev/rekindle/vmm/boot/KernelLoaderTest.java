package dev.rekindle.vmm.boot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.rekindle.vmm.abi.boot.Elf64;
import dev.rekindle.vmm.arch.x86.AddressMap;
import dev.rekindle.vmm.memory.GuestMemory;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KernelLoaderTest {
  private static final long MIB = 1 << 20;

  @TempDir Path dir;
  private final Arena arena = Arena.ofConfined();
  private final GuestMemory memory = GuestMemory.allocate(64 * MIB, arena);

  @AfterEach
  void close() {
    arena.close();
  }

  @Test
  void shouldLoadTheProtectedModeCodeOfABzImageAtOneMebibyte() throws IOException {
    LoadedKernel kernel = load(TestKernels.bzImage());

    assertThat(kernel.protocol()).isEqualTo(BootProtocol.LINUX_64);
    assertThat(kernel.entryGpa()).isEqualTo(0x10_0200);
    assertThat(kernel.endGpa()).isEqualTo(TestKernels.PREF_ADDRESS + TestKernels.INIT_SIZE);
    assertThat(kernel.commandLineMaxBytes()).isEqualTo(2047);
    assertThat(kernel.initramfsLimitGpa()).isEqualTo(64 * MIB);
    for (int i = 0; i < TestKernels.CODE_BYTES; i++) {
      assertThat(memory.getByte(AddressMap.KERNEL + i)).isEqualTo((byte) (i * 7));
    }
    assertThat(memory.getByte(AddressMap.KERNEL + TestKernels.CODE_BYTES)).isZero();
  }

  @Test
  void shouldTakeFourSetupSectorsWhenABzImageSaysZero() throws IOException {
    ByteBuffer image = ByteBuffer.allocate(512 * 5 + 8192).put(TestKernels.bzImage().array());
    image.put(TestKernels.header("setup_sects"), (byte) 0);
    image.put(512 * 5, (byte) 0x5A);

    load(image);

    assertThat(memory.getByte(AddressMap.KERNEL)).isEqualTo((byte) 0x5A);
  }

  @Test
  void shouldRoundTheLoadAddressUpToTheAlignmentWhenItPassesThePreferredAddress()
      throws IOException {
    LoadedKernel kernel =
        load(with(TestKernels.bzImage(), b -> b.putLong(TestKernels.header("pref_address"), 0)));

    assertThat(kernel.endGpa()).isEqualTo(0x20_0000 + TestKernels.INIT_SIZE);
  }

  @Test
  void shouldLimitTheInitramfsToWhatAnOldHeaderAllows() throws IOException {
    LoadedKernel kernel =
        load(
            with(
                TestKernels.bzImage(),
                b -> b.putInt(TestKernels.header("initrd_addr_max"), 0x1FF_FFFF)));

    assertThat(kernel.initramfsLimitGpa()).isEqualTo(0x200_0000);
  }

  @Test
  void shouldRefuseWhenThereIsNoSuchFile() {
    assertThat(codeOf(() -> KernelLoader.load(dir.resolve("none"), memory)))
        .isEqualTo(BootErrorCode.KERNEL_UNREADABLE);
  }

  @Test
  void shouldRefuseADirectoryAndADevice() {
    assertThat(codeOf(() -> KernelLoader.load(dir, memory)))
        .isEqualTo(BootErrorCode.KERNEL_UNREADABLE);
    assertThat(codeOf(() -> KernelLoader.load(Path.of("/dev/zero"), memory)))
        .isEqualTo(BootErrorCode.KERNEL_UNREADABLE);
  }

  @Test
  void shouldRefuseAnEmptyFileAndText() throws IOException {
    assertThat(refuse(new byte[0])).isEqualTo(BootErrorCode.KERNEL_NOT_A_KERNEL);
    assertThat(refuse("#!/bin/sh\n".repeat(1000).getBytes()))
        .isEqualTo(BootErrorCode.KERNEL_NOT_A_KERNEL);
  }

  @Test
  void shouldRefuseABzImageThatEndsAnywhereBeforeItsEnd() throws IOException {
    byte[] whole = TestKernels.bzImage().array();
    for (int length : new int[] {0x206, 0x250, 600, TestKernels.CODE_OFFSET, whole.length - 1}) {
      assertThat(refuse(Arrays.copyOf(whole, length)))
          .as("%d bytes", length)
          .isEqualTo(BootErrorCode.KERNEL_TRUNCATED);
    }
    assertThat(refuse(Arrays.copyOf(whole, 0x1F0))).isEqualTo(BootErrorCode.KERNEL_NOT_A_KERNEL);
  }

  @Test
  void shouldRefuseABzImageWithoutA64BitEntry() throws IOException {
    assertThat(refuse(b -> b.putShort(TestKernels.header("xloadflags"), (short) 0)))
        .isEqualTo(BootErrorCode.KERNEL_UNSUPPORTED);
    assertThat(refuse(b -> b.putShort(TestKernels.header("version"), (short) 0x20B)))
        .isEqualTo(BootErrorCode.KERNEL_UNSUPPORTED);
    assertThat(refuse(b -> b.put(TestKernels.header("loadflags"), (byte) 0)))
        .isEqualTo(BootErrorCode.KERNEL_UNSUPPORTED);
  }

  @Test
  void shouldRefuseABzImageWhoseHeaderContradictsItself() throws IOException {
    assertThat(refuse(b -> b.putShort(TestKernels.header("boot_flag"), (short) 0)))
        .isEqualTo(BootErrorCode.KERNEL_MALFORMED);
    assertThat(refuse(b -> b.putInt(TestKernels.header("kernel_alignment"), 3)))
        .isEqualTo(BootErrorCode.KERNEL_MALFORMED);
    assertThat(refuse(b -> b.putInt(TestKernels.header("kernel_alignment"), 0)))
        .isEqualTo(BootErrorCode.KERNEL_MALFORMED);
    assertThat(refuse(b -> b.putLong(TestKernels.header("pref_address"), -1)))
        .isEqualTo(BootErrorCode.KERNEL_MALFORMED);
    assertThat(refuse(b -> b.putInt(TestKernels.header("init_size"), 0)))
        .isEqualTo(BootErrorCode.KERNEL_MALFORMED);
    assertThat(refuse(b -> b.putInt(TestKernels.header("syssize"), 2)))
        .isEqualTo(BootErrorCode.KERNEL_MALFORMED);
  }

  @Test
  void shouldRefuseABzImageThatUnpacksBeyondMemory() throws IOException {
    assertThat(refuse(b -> b.putInt(TestKernels.header("init_size"), -1)))
        .isEqualTo(BootErrorCode.KERNEL_TOO_LARGE);
    assertThat(refuse(b -> b.putInt(TestKernels.header("syssize"), -1)))
        .isEqualTo(BootErrorCode.KERNEL_TRUNCATED);
  }

  @Test
  void shouldRefuseMemoryThatEndsBelowTheKernel() throws IOException {
    GuestMemory small = GuestMemory.allocate(MIB, arena);
    Path file = Files.write(dir.resolve("k"), TestKernels.bzImage().array());

    assertThat(codeOf(() -> KernelLoader.load(file, small)))
        .isEqualTo(BootErrorCode.MEMORY_TOO_SMALL);
  }

  @Test
  void shouldEnterAnElfKernelByItsPvhNote() throws IOException {
    LoadedKernel kernel = load(elf(0x100_0000, 0x100_0040));

    assertThat(kernel.protocol()).isEqualTo(BootProtocol.PVH);
    assertThat(kernel.entryGpa()).isEqualTo(0x100_0040);
    assertThat(kernel.endGpa()).isEqualTo(0x120_3000);
  }

  @Test
  void shouldEnterAnElfKernelWithoutNoteAtItsEntry() throws IOException {
    LoadedKernel kernel = load(elf(0x100_0010, 0));

    assertThat(kernel.protocol()).isEqualTo(BootProtocol.LINUX_64);
    assertThat(kernel.entryGpa()).isEqualTo(0x100_0010);
  }

  @Test
  void shouldTranslateAVirtualEntry() throws IOException {
    LoadedKernel kernel = load(elf(0xFFFF_FFFF_8100_0010L, 0));

    assertThat(kernel.entryGpa()).isEqualTo(0x100_0010);
  }

  @Test
  void shouldCopySegmentsAndClearWhatTheFileDoesNotHave() throws IOException {
    memory.putByte(0x120_0000 + 64, (byte) 0x77);

    load(elf(0x100_0000, 0));

    assertThat(memory.getByte(0x100_0000)).isEqualTo((byte) 0xC0);
    assertThat(memory.getByte(0x120_0000)).isEqualTo((byte) 0xC1);
    assertThat(memory.getByte(0x120_0000 + 63)).isEqualTo((byte) 0xC1);
    assertThat(memory.getByte(0x120_0000 + 64)).isZero();
  }

  @Test
  void shouldRefuseElfOfAnotherMachine() throws IOException {
    assertThat(refuseElf(b -> b.putShort(TestKernels.ehdr("e_machine"), (short) 183)))
        .isEqualTo(BootErrorCode.KERNEL_UNSUPPORTED);
    assertThat(refuseElf(b -> b.put(4, (byte) 1))).isEqualTo(BootErrorCode.KERNEL_UNSUPPORTED);
    assertThat(refuseElf(b -> b.putShort(TestKernels.ehdr("e_type"), (short) 3)))
        .isEqualTo(BootErrorCode.KERNEL_UNSUPPORTED);
  }

  @Test
  void shouldRefuseElfThatEndsBeforeItsContents() throws IOException {
    byte[] whole = elf(0x100_0000, 0).array();

    assertThat(refuse(Arrays.copyOf(whole, 40))).isEqualTo(BootErrorCode.KERNEL_TRUNCATED);
    assertThat(refuse(Arrays.copyOf(whole, 100))).isEqualTo(BootErrorCode.KERNEL_TRUNCATED);
    assertThat(refuse(Arrays.copyOf(whole, whole.length - 1)))
        .isEqualTo(BootErrorCode.KERNEL_TRUNCATED);
    assertThat(refuseElf(b -> b.putLong(TestKernels.ehdr("e_phoff"), Long.MAX_VALUE)))
        .isEqualTo(BootErrorCode.KERNEL_TRUNCATED);
    assertThat(refuseElf(b -> b.putLong(TestKernels.phdr(0, "p_offset"), Long.MAX_VALUE - 8)))
        .isEqualTo(BootErrorCode.KERNEL_TRUNCATED);
  }

  @Test
  void shouldRefuseElfWithSegmentsThatCannotBe() throws IOException {
    assertThat(refuseElf(b -> b.putLong(TestKernels.phdr(0, "p_filesz"), -1)))
        .isEqualTo(BootErrorCode.KERNEL_MALFORMED);
    assertThat(refuseElf(b -> b.putLong(TestKernels.phdr(0, "p_memsz"), 1)))
        .isEqualTo(BootErrorCode.KERNEL_MALFORMED);
    assertThat(refuseElf(b -> b.putLong(TestKernels.phdr(0, "p_paddr"), 0x7000)))
        .isEqualTo(BootErrorCode.KERNEL_MALFORMED);
    assertThat(refuseElf(b -> b.putLong(TestKernels.phdr(1, "p_paddr"), 0x100_0020)))
        .as("overlapping")
        .isEqualTo(BootErrorCode.KERNEL_MALFORMED);
    assertThat(refuseElf(b -> b.putShort(TestKernels.ehdr("e_phnum"), (short) 0)))
        .isEqualTo(BootErrorCode.KERNEL_MALFORMED);
    assertThat(refuseElf(b -> b.putShort(TestKernels.ehdr("e_phnum"), (short) -1)))
        .isEqualTo(BootErrorCode.KERNEL_MALFORMED);
    assertThat(refuseElf(b -> b.putShort(TestKernels.ehdr("e_phentsize"), (short) 8)))
        .isEqualTo(BootErrorCode.KERNEL_MALFORMED);
    assertThat(refuseElf(b -> b.putLong(TestKernels.ehdr("e_entry"), 0x500_0000)))
        .isEqualTo(BootErrorCode.KERNEL_MALFORMED);
    assertThat(
            refuseElf(b ->
                b.putInt(TestKernels.phdr(0, "p_type"), 0)
                    .putInt(TestKernels.phdr(1, "p_type"), 0)))
        .isEqualTo(BootErrorCode.KERNEL_MALFORMED);
  }

  @Test
  void shouldRefuseElfBeyondMemory() throws IOException {
    assertThat(refuseElf(b -> b.putLong(TestKernels.phdr(0, "p_memsz"), Long.MAX_VALUE)))
        .isEqualTo(BootErrorCode.KERNEL_TOO_LARGE);
    assertThat(refuseElf(b -> b.putLong(TestKernels.phdr(0, "p_paddr"), Long.MAX_VALUE)))
        .isEqualTo(BootErrorCode.KERNEL_TOO_LARGE);
  }

  @Test
  void shouldFallBackToTheEntryWhenTheNotesAreGarbage() throws IOException {
    ByteBuffer b = elf(0x100_0000, 0x100_0040);
    int noteAt = (int) b.getLong(TestKernels.phdr(2, "p_offset"));
    b.putInt(noteAt, -1);

    assertThat(load(b).protocol()).isEqualTo(BootProtocol.LINUX_64);
  }

  @Test
  void shouldNotTakeASegmentWithoutMemoryForAnOverlap() throws IOException {
    LoadedKernel kernel =
        load(
            TestKernels.elf(
                0x100_0000,
                0,
                List.of(
                    new TestKernels.Load(0x100_0000, 0, 128, 4096),
                    new TestKernels.Load(0x100_0800, 0, 0, 0))));

    assertThat(kernel.endGpa()).isEqualTo(0x100_1000);
  }

  private static ByteBuffer elf(long entry, long pvhEntry) {
    return TestKernels.elf(
        entry,
        pvhEntry,
        List.of(
            new TestKernels.Load(0x100_0000, 0xFFFF_FFFF_8100_0000L, 128, 0x1000),
            new TestKernels.Load(0x120_0000, 0xFFFF_FFFF_8120_0000L, 64, 0x3000)));
  }

  private static ByteBuffer with(ByteBuffer b, Consumer<ByteBuffer> change) {
    change.accept(b);
    return b;
  }

  private BootErrorCode refuse(Consumer<ByteBuffer> change) throws IOException {
    return refuse(with(TestKernels.bzImage(), change).array());
  }

  private BootErrorCode refuseElf(Consumer<ByteBuffer> change) throws IOException {
    return refuse(with(elf(0x100_0000, 0), change).array());
  }

  private BootErrorCode refuse(byte[] bytes) throws IOException {
    Path file = Files.write(dir.resolve("kernel"), bytes);
    return codeOf(() -> KernelLoader.load(file, memory));
  }

  private LoadedKernel load(ByteBuffer bytes) throws IOException {
    assertThat(Elf64.EHDR.byteSize()).isEqualTo(64);
    return KernelLoader.load(Files.write(dir.resolve("kernel"), bytes.array()), memory);
  }

  private static BootErrorCode codeOf(Runnable load) {
    BootException e = catchThrowableOfType(BootException.class, load::run);
    assertThat(e).isNotNull();
    assertThat(e.getMessage()).isNotBlank();
    return e.code();
  }
}
