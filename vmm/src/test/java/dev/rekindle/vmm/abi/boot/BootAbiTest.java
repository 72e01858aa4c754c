package dev.rekindle.vmm.abi.boot;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.StructLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Compares the boot structs with what the C compiler says of the headers. */
class BootAbiTest {
  private final Map<String, Long> expected = new LinkedHashMap<>();
  private final Map<String, String> inC = new LinkedHashMap<>();

  @Test
  void shouldMatchTheHeadersInEverySizeOffsetAndConstant(@TempDir Path dir) throws Exception {
    struct("struct setup_header", SetupHeader.LAYOUT);
    struct("struct boot_params", BootParams.LAYOUT);
    struct("struct boot_e820_entry", BootParams.E820_ENTRY);
    struct("struct setup_data", BootParams.SETUP_DATA);
    struct("Elf64_Ehdr", Elf64.EHDR);
    struct("Elf64_Phdr", Elf64.PHDR);
    struct("Elf64_Nhdr", Elf64.NHDR);
    constant("SETUP_RNG_SEED", BootParams.SETUP_RNG_SEED);
    constant("E820_MAX_ENTRIES_ZEROPAGE", BootParams.E820_MAX_ENTRIES_ZEROPAGE);
    constant("LOADED_HIGH", SetupHeader.LOADED_HIGH);
    constant("XLF_KERNEL_64", SetupHeader.XLF_KERNEL_64);
    constant("PT_LOAD", Elf64.PT_LOAD);
    constant("PT_NOTE", Elf64.PT_NOTE);
    constant("ET_EXEC", Elf64.ET_EXEC);
    constant("EM_X86_64", Elf64.EM_X86_64);
    constant("ELFCLASS64", Elf64.ELFCLASS64);
    constant("ELFDATA2LSB", Elf64.ELFDATA2LSB);

    assertThat(askTheCompiler(dir)).isEqualTo(expected);
    assertThat(expected).hasSizeGreaterThan(70);
  }

  @Test
  void shouldHaveTheSizesThatThePvhHeaderDocuments() {
    assertThat(HvmStartInfo.LAYOUT.byteSize()).isEqualTo(56);
    assertThat(HvmStartInfo.MODLIST_ENTRY.byteSize()).isEqualTo(32);
    assertThat(HvmStartInfo.MEMMAP_ENTRY.byteSize()).isEqualTo(24);
    assertThat(HvmStartInfo.offsetOf("rsdp_paddr")).isEqualTo(32);
    assertThat(HvmStartInfo.offsetOf("memmap_entries")).isEqualTo(48);
  }

  @Test
  void shouldPlaceTheSetupHeaderWhereTheFileHasIt() {
    assertThat(BootParams.offsetOf("hdr")).isEqualTo(SetupHeader.FILE_OFFSET);
    assertThat(BootParams.LAYOUT.byteSize()).isEqualTo(BootParams.SIZE_BYTES);
    assertThat(SetupHeader.FILE_OFFSET + SetupHeader.offsetOf("header"))
        .isEqualTo(SetupHeader.LENGTH_BASE);
  }

  private void struct(String type, StructLayout layout) {
    expect(type + ".sizeof", "sizeof(" + type + ")", layout.byteSize());
    for (MemoryLayout member : layout.memberLayouts()) {
      member
          .name()
          .ifPresent(name ->
              expect(
                  type + "." + name,
                  "offsetof(" + type + ", " + name + ")",
                  layout.byteOffset(PathElement.groupElement(name))));
    }
  }

  private void constant(String name, long value) {
    expect(name, name, value);
  }

  private void expect(String key, String expression, long value) {
    expected.put(key.replace(' ', '_'), value);
    inC.put(key.replace(' ', '_'), expression);
  }

  private Map<String, Long> askTheCompiler(Path dir) throws IOException, InterruptedException {
    StringBuilder c =
        new StringBuilder(
            """
            #include <stddef.h>
            #include <stdio.h>
            #include <asm/bootparam.h>
            #include <linux/elf.h>
            int main(void) {
            """);
    inC.forEach((key, expression) ->
        c.append("printf(\"%s %%ld\\n\", (long)(%s));\n".formatted(key, expression)));
    Path source = Files.writeString(dir.resolve("abi.c"), c.append("return 0; }\n"));
    run("cc", "-o", dir.resolve("abi").toString(), source.toString());
    Map<String, Long> actual = new LinkedHashMap<>();
    for (String line : run(dir.resolve("abi").toString()).lines().toList()) {
      String[] parts = line.split(" ");
      actual.put(parts[0], Long.valueOf(parts[1]));
    }
    return actual;
  }

  private static String run(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes());
    assertThat(process.waitFor()).as(String.join(" ", command) + "\n" + output).isZero();
    return output;
  }
}
