package dev.rekindle.vmm.abi;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rekindle.vmm.abi.kvm.KvmIoctls;
import dev.rekindle.vmm.abi.kvm.KvmRun;
import dev.rekindle.vmm.sys.IoctlRequest;
import java.lang.foreign.GroupLayout;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.PaddingLayout;
import java.lang.foreign.StructLayout;
import java.lang.reflect.Field;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** Compares every struct and request code of {@code abi} with what the C compiler says. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class AbiLayoutTest {
  private static final Map<String, Long> EXPECTED = new LinkedHashMap<>();
  private Map<String, Long> actual;

  @BeforeAll
  void askTheCompiler(@TempDir Path dir) throws Exception {
    for (String family : List.of("kvm", "linux")) {
      collect(family);
    }
    for (Field f : KvmIoctls.class.getFields()) {
      if (f.get(null) instanceof IoctlRequest request) {
        EXPECTED.put(request.name(), request.code());
      }
    }
    for (String cap : List.of("CAP_XSAVE2", "CAP_IMMEDIATE_EXIT", "CAP_SYNC_REGS")) {
      EXPECTED.put("KVM_" + cap, (long) KvmIoctls.class.getField(cap).getInt(null));
    }
    for (Field f : KvmRun.class.getFields()) {
      if (f.getType() == int.class) {
        EXPECTED.put("KVM_" + f.getName(), (long) f.getInt(null));
      }
    }
    StringBuilder c =
        new StringBuilder(
            """
            #define _GNU_SOURCE
            #include <stddef.h>
            #include <stdio.h>
            #include <signal.h>
            #include <linux/kvm.h>
            #include <linux/eventpoll.h>
            int main(void) {
            """);
    for (String key : EXPECTED.keySet()) {
      c.append("printf(\"%s %%llu\\n\", (unsigned long long) (%s));\n".formatted(key, inC(key)));
    }
    Path source = Files.writeString(dir.resolve("abi.c"), c.append("return 0; }\n"));
    run("cc", "-o", dir.resolve("abi").toString(), source.toString());
    actual = new LinkedHashMap<>();
    for (String line : run(dir.resolve("abi").toString()).split("\n")) {
      String[] parts = line.split(" ");
      actual.put(parts[0], Long.parseUnsignedLong(parts[1]));
    }
  }

  @Test
  void shouldMatchTheHeadersInEverySizeOffsetAndCode() {
    assertThat(EXPECTED).hasSizeGreaterThan(150);

    assertThat(actual).isEqualTo(EXPECTED);
  }

  @Test
  void shouldPlaceTheExitsOfKvmRunWhereTheHeaderDoes() throws Exception {
    assertThat(KvmRun.LAYOUT.byteSize()).isEqualTo(KvmRun.IO_DIRECTION);
    assertThat(actual).containsEntry("kvm_run.io.data_offset", KvmRun.IO_DATA_OFFSET);
    assertThat(actual).containsEntry("kvm_run.mmio.is_write", KvmRun.MMIO_IS_WRITE);
  }

  private static String inC(String key) {
    if (key.endsWith(".sizeof")) {
      return "sizeof(struct " + key.substring(0, key.indexOf('.')) + ")";
    }
    int dot = key.indexOf('.');
    return dot < 0
        ? key
        : "offsetof(struct %s, %s)".formatted(key.substring(0, dot), key.substring(dot + 1));
  }

  private static void collect(String family) throws Exception {
    Path classes = Path.of("target/classes/dev/rekindle/vmm/abi", family);
    List<Path> files = new ArrayList<>();
    try (DirectoryStream<Path> all = Files.newDirectoryStream(classes, "*.class")) {
      all.forEach(files::add);
    }
    for (Path file : files) {
      String name = file.getFileName().toString().replace(".class", "");
      Class<?> type = Class.forName("dev.rekindle.vmm.abi." + family + "." + name);
      for (Field f : type.getFields()) {
        if (f.getType() == StructLayout.class) {
          add((StructLayout) f.get(null));
        }
      }
    }
    EXPECTED.put("kvm_run.io.direction", KvmRun.IO_DIRECTION);
    EXPECTED.put("kvm_run.io.size", KvmRun.IO_SIZE);
    EXPECTED.put("kvm_run.io.port", KvmRun.IO_PORT);
    EXPECTED.put("kvm_run.io.count", KvmRun.IO_COUNT);
    EXPECTED.put("kvm_run.io.data_offset", KvmRun.IO_DATA_OFFSET);
    EXPECTED.put("kvm_run.mmio.phys_addr", KvmRun.MMIO_PHYS_ADDR);
    EXPECTED.put("kvm_run.mmio.data", KvmRun.MMIO_DATA);
    EXPECTED.put("kvm_run.mmio.len", KvmRun.MMIO_LEN);
    EXPECTED.put("kvm_run.mmio.is_write", KvmRun.MMIO_IS_WRITE);
    EXPECTED.put("kvm_run.internal.suberror", KvmRun.INTERNAL_SUBERROR);
    EXPECTED.put("kvm_run.system_event.type", KvmRun.SYSTEM_EVENT_TYPE);
    EXPECTED.put("kvm_run.kvm_dirty_regs", KvmRun.DIRTY_REGS);
    EXPECTED.put("kvm_run.s.regs.regs", KvmRun.SYNC_REGS);
    EXPECTED.put("kvm_run.s.regs.sregs", KvmRun.SYNC_SREGS);
    EXPECTED.put("kvm_run.s.regs.events", KvmRun.SYNC_EVENTS);
  }

  private static final Pattern OWN_NAME = Pattern.compile("channels|chip|events|data|padding1");

  private static void add(StructLayout layout) {
    String struct = layout.name().orElseThrow();
    if (!struct.equals("kvm_run")) {
      EXPECTED.put(struct + ".sizeof", layout.byteSize());
    }
    long offset = 0;
    for (MemoryLayout member : layout.memberLayouts()) {
      boolean named = !(member instanceof PaddingLayout) && member.name().isPresent();
      if (named && !OWN_NAME.matcher(member.name().get()).matches()) {
        EXPECTED.put(struct + "." + member.name().get(), offset);
      }
      offset += member.byteSize();
    }
    assertThat(layout).isInstanceOf(GroupLayout.class);
  }

  private static String run(String... command) throws Exception {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes());
    assertThat(process.waitFor()).as(String.join(" ", command) + "\n" + output).isZero();
    return output;
  }
}
