package dev.rekindle.vmm.boot;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rekindle.vmm.memory.GuestMemory;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A kernel file of any bytes loads or is refused with a code; nothing else ever comes out. */
class KernelLoaderFuzzTest {
  private static final int ROUNDS = 1200;

  @TempDir Path dir;

  @ParameterizedTest
  @ValueSource(longs = {1, 20261123, 0xDEADBEEFL})
  void shouldLoadOrRefuseAMutatedBzImage(long seed) throws IOException {
    int loaded = mutate(TestKernels.bzImage().array(), 0x1F1, 0x26C, new Random(seed));

    assertThat(loaded).isBetween(1, ROUNDS - 1);
  }

  @ParameterizedTest
  @ValueSource(longs = {2, 20261124, 0xCAFEBABEL})
  void shouldLoadOrRefuseAMutatedElf(long seed) throws IOException {
    byte[] elf =
        TestKernels.elf(
                0x100_0000,
                0x100_0040,
                List.of(
                    new TestKernels.Load(0x100_0000, 0, 256, 0x1000),
                    new TestKernels.Load(0x120_0000, 0, 64, 0x3000)))
            .array();

    int loaded = mutate(elf, 0, elf.length, new Random(seed));

    assertThat(loaded).isBetween(1, ROUNDS - 1);
  }

  @Test
  void shouldRefuseNoise() throws IOException {
    Random random = new Random(7);
    byte[] noise = new byte[8192];
    try (Arena arena = Arena.ofConfined()) {
      GuestMemory memory = GuestMemory.allocate(32 << 20, arena);
      for (int i = 0; i < 500; i++) {
        random.nextBytes(noise);
        noise[0] = 0x7F;
        noise[1] = 'E';
        noise[2] = 'L';
        noise[3] = 'F';

        assertThat(loads(noise, memory)).isFalse();
      }
    }
  }

  private int mutate(byte[] image, int from, int to, Random random) throws IOException {
    int loaded = 0;
    try (Arena arena = Arena.ofConfined()) {
      GuestMemory memory = GuestMemory.allocate(32 << 20, arena);
      for (int i = 0; i < ROUNDS; i++) {
        byte[] mutant = image.clone();
        int changes = 1 + random.nextInt(4);
        for (int k = 0; k < changes; k++) {
          int at = from + random.nextInt(to - from);
          mutant[at] =
              switch (random.nextInt(4)) {
                case 0 -> 0;
                case 1 -> -1;
                case 2 -> (byte) (mutant[at] ^ 1 << random.nextInt(8));
                default -> (byte) random.nextInt();
              };
        }
        if (random.nextInt(8) == 0) {
          mutant = Arrays.copyOf(mutant, random.nextInt(mutant.length));
        }
        if (loads(mutant, memory)) {
          loaded++;
        }
      }
    }
    return loaded;
  }

  private boolean loads(byte[] bytes, GuestMemory memory) throws IOException {
    Path file = Files.write(dir.resolve("kernel"), bytes);
    try {
      LoadedKernel kernel = KernelLoader.load(file, memory);
      assertThat(kernel.endGpa()).isBetween(0x10_0000L, memory.sizeBytes());
      assertThat(kernel.initramfsLimitGpa()).isLessThanOrEqualTo(memory.sizeBytes());
      return true;
    } catch (BootException e) {
      assertThat(e.code()).isNotNull();
      return false;
    }
  }
}
