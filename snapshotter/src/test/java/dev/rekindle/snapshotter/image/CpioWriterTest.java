package dev.rekindle.snapshotter.image;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class CpioWriterTest {
  @Test
  void shouldAlignHeadersAndContents() throws Exception {
    ByteArrayOutputStream out = new ByteArrayOutputStream();

    try (CpioWriter cpio = new CpioWriter(out)) {
      cpio.directory("dir", 0755);
      cpio.file("dir/abcde", 0644, "hello".getBytes(StandardCharsets.US_ASCII));
    }

    String text = out.toString(StandardCharsets.ISO_8859_1);
    assertThat(out.size() % 4).isZero();
    assertThat(text).startsWith("07070100000001000041ED");
    for (int at = text.indexOf("070701"); at >= 0; at = text.indexOf("070701", at + 1)) {
      assertThat(at % 4).isZero();
    }
    assertThat(text.indexOf("hello") % 4).isZero();
    assertThat(text).contains("TRAILER!!!\0");
  }

  @Test
  void shouldReadDependenciesOfModules() {
    byte[] module = "ELF\0license=GPL\0depends=vsock,a-b\0x".getBytes(StandardCharsets.US_ASCII);

    assertThat(KernelModules.dependencies(module)).containsExactly("vsock", "a-b");
    assertThat(KernelModules.dependencies("\0depends=\0".getBytes(StandardCharsets.US_ASCII)))
        .isEmpty();
    assertThat(KernelModules.dependencies(new byte[100])).isEmpty();
  }
}
