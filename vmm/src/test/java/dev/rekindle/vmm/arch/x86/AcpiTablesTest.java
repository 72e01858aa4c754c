package dev.rekindle.vmm.arch.x86;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.rekindle.vmm.arch.x86.acpi.AmlReader;
import dev.rekindle.vmm.memory.GuestMemory;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Finds the tables as a kernel does, from the RSDP, and reads them by the specification. */
class AcpiTablesTest {
  private final Arena arena = Arena.ofConfined();
  private final GuestMemory memory = GuestMemory.allocate(1 << 20, arena);

  @AfterEach
  void close() {
    arena.close();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 32, 255})
  void shouldChainTablesWhoseBytesAddUpToZero(int vcpus) {
    long end = AcpiTables.write(memory, vcpus, slots(12));

    assertThat(sum(AddressMap.ACPI_TABLES, 20)).isZero();
    assertThat(sum(AddressMap.ACPI_TABLES, 36)).isZero();
    assertThat(text(AddressMap.ACPI_TABLES, 8)).isEqualTo("RSD PTR ");
    assertThat(memory.getByte(AddressMap.ACPI_TABLES + 15)).as("revision").isEqualTo((byte) 2);
    List<Long> tables = new ArrayList<>(xsdt());
    tables.add(xsdtGpa());
    tables.add(dsdtGpa());
    for (long table : tables) {
      int length = memory.getInt(table + 4);
      assertThat(sum(table, length)).as(text(table, 4)).isZero();
      assertThat(table + length).isLessThanOrEqualTo(end);
    }
    assertThat(end).isLessThanOrEqualTo(AddressMap.ACPI_TABLES_END);
    assertThat(xsdt().stream().map(t -> text(t, 4))).containsExactly("FACP", "APIC");
  }

  @Test
  void shouldNotLetTablesOverlap() {
    AcpiTables.write(memory, 255, slots(12));

    long[] tables = LongSorted.of(dsdtGpa(), xsdtGpa(), xsdt().get(0), xsdt().get(1));
    for (int i = 1; i < tables.length; i++) {
      assertThat(tables[i - 1] + memory.getInt(tables[i - 1] + 4)).isLessThanOrEqualTo(tables[i]);
    }
    assertThat(tables[0]).isGreaterThanOrEqualTo(AddressMap.ACPI_TABLES + 36);
  }

  @Test
  void shouldDeclareAHardwareReducedMachineWithAResetAndASleepRegister() {
    AcpiTables.write(memory, 1, slots(1));
    long fadt = xsdt().get(0);

    assertThat(memory.getInt(fadt + 4)).isEqualTo(276);
    int flags = memory.getInt(fadt + 112);
    assertThat(flags & 1 << 20).as("HW_REDUCED_ACPI").isNotZero();
    assertThat(flags & 1 << 10).as("RESET_REG_SUP").isNotZero();
    int boot = memory.getShort(fadt + 109);
    assertThat(boot & 1 << 1).as("8042").isZero();
    assertThat(boot & 1 << 2).as("VGA not present").isNotZero();
    assertThat(boot & 1 << 5).as("no CMOS RTC").isNotZero();
    assertThat(memory.getInt(fadt + 40)).isEqualTo((int) dsdtGpa());
    assertThat(port(fadt + 116)).as("RESET_REG").isEqualTo(0x64);
    assertThat(memory.getByte(fadt + 128)).as("RESET_VALUE").isEqualTo((byte) 0xFE);
    assertThat(port(fadt + 244)).as("SLEEP_CONTROL_REG").isEqualTo(0x600);
    assertThat(port(fadt + 256)).as("SLEEP_STATUS_REG").isEqualTo(0x601);
    for (int i = 46; i < 109; i++) {
      assertThat(memory.getByte(fadt + i)).as("ignored field at %d", i).isZero();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3, 255})
  void shouldListEveryProcessorAndTheIoApic(int vcpus) {
    AcpiTables.write(memory, vcpus, slots(0));
    long madt = xsdt().get(1);
    assertThat(memory.getInt(madt + 36)).isEqualTo((int) AddressMap.LAPIC);
    assertThat(memory.getInt(madt + 40)).as("PCAT_COMPAT").isZero();
    List<Integer> ids = new ArrayList<>();
    int ioApics = 0;
    long at = madt + 44;
    while (at < madt + memory.getInt(madt + 4)) {
      if (memory.getByte(at) == 0) {
        assertThat(memory.getByte(at + 1)).isEqualTo((byte) 8);
        assertThat(memory.getByte(at + 2)).isEqualTo(memory.getByte(at + 3));
        assertThat(memory.getInt(at + 4)).as("enabled").isEqualTo(1);
        ids.add(memory.getByte(at + 3) & 0xFF);
      } else {
        assertThat(memory.getByte(at)).isEqualTo((byte) 1);
        assertThat(memory.getInt(at + 4)).isEqualTo((int) AddressMap.IOAPIC);
        assertThat(memory.getInt(at + 8)).as("first gsi").isZero();
        ioApics++;
      }
      at += memory.getByte(at + 1);
    }
    assertThat(ids).isEqualTo(IntStream.range(0, vcpus).boxed().toList());
    assertThat(ioApics).isEqualTo(1);
  }

  @Test
  void shouldDescribeEveryDeviceInTheDsdt() {
    AcpiTables.write(memory, 1, slots(2));

    assertThat(dsdt())
        .containsExactly(
            "Name \\_S5_ [5, 5, 0, 0]",
            "Scope \\_SB_",
            " Device COM1",
            "  Name _HID 17158209",
            "  Name _UID 0",
            "  Name _CRS [io 0x3f8+8, irq 4 edge high]",
            " Device VR00",
            "  Name _HID \"LNRO0005\"",
            "  Name _UID 0",
            "  Name _CCA 1",
            "  Name _CRS [memory rw 0xd0000000+0x1000, irq 5 edge high]",
            " Device VR01",
            "  Name _HID \"LNRO0005\"",
            "  Name _UID 1",
            "  Name _CCA 1",
            "  Name _CRS [memory rw 0xd0001000+0x1000, irq 6 edge high]",
            " Device VGEN",
            "  Name _HID \"VMGENCTR\"",
            "  Name _CID \"VM_Gen_Counter\"",
            "  Name _DDN \"VM_Gen_Counter\"",
            "  Name ADDR [983040, 0]",
            " Device GED_",
            "  Name _HID \"ACPI0013\"",
            "  Name _UID 0",
            "  Name _CRS [irq 23 edge high]",
            "  Method _EVT 1",
            "   If Arg0==23",
            "    Notify \\_SB_.VGEN 128");
  }

  @Test
  void shouldGiveEachOfManyDevicesAWindowAndALineOfItsOwn() {
    AcpiTables.write(memory, 1, slots(AddressMap.MAX_VIRTIO_DEVICES));

    List<String> resources = dsdt().stream().filter(line -> line.contains("memory")).toList();
    assertThat(resources).hasSize(12).doesNotHaveDuplicates();
    assertThat(
            dsdt().stream()
                .filter(line -> line.contains("irq"))
                .map(line -> line.replaceAll(".*irq (\\d+).*", "$1")))
        .hasSize(14)
        .doesNotHaveDuplicates();
  }

  @Test
  void shouldWriteTheSameBytesEveryTime() {
    AcpiTables.write(memory, 4, slots(3));
    GuestMemory again = GuestMemory.allocate(1 << 20, arena);

    AcpiTables.write(again, 4, slots(3));

    assertThat(again.slice(0, 1 << 20).mismatch(memory.slice(0, 1 << 20))).isEqualTo(-1);
  }

  @Test
  void shouldRefuseProcessorsThatAnApicIdCannotNumber() {
    assertThatIllegalArgumentException().isThrownBy(() -> AcpiTables.write(memory, 0, slots(1)));
    assertThatIllegalArgumentException().isThrownBy(() -> AcpiTables.write(memory, 256, slots(1)));
  }

  @Test
  void shouldRefuseSlotsThatCannotBe() {
    assertThatIllegalArgumentException().isThrownBy(() -> VirtioMmioSlot.of(12));
    assertThatIllegalArgumentException().isThrownBy(() -> VirtioMmioSlot.of(-1));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new VirtioMmioSlot(0xD000_0001L, 4096, 5));
    assertThatIllegalArgumentException().isThrownBy(() -> new VirtioMmioSlot(1L << 32, 4096, 5));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new VirtioMmioSlot(0xD000_0000L, 4096, 24));
  }

  private static List<VirtioMmioSlot> slots(int count) {
    return IntStream.range(0, count).mapToObj(VirtioMmioSlot::of).toList();
  }

  private List<String> dsdt() {
    long dsdt = dsdtGpa();
    assertThat(text(dsdt, 4)).isEqualTo("DSDT");
    byte[] table = memory.slice(dsdt, memory.getInt(dsdt + 4)).toArray(JAVA_BYTE);
    return AmlReader.read(Arrays.copyOfRange(table, 36, table.length));
  }

  private long xsdtGpa() {
    return memory.getLong(AddressMap.ACPI_TABLES + 24);
  }

  private List<Long> xsdt() {
    long xsdt = xsdtGpa();
    assertThat(text(xsdt, 4)).isEqualTo("XSDT");
    List<Long> tables = new ArrayList<>();
    for (long at = xsdt + 36; at < xsdt + memory.getInt(xsdt + 4); at += 8) {
      tables.add(memory.getLong(at));
    }
    return tables;
  }

  private long dsdtGpa() {
    return memory.getLong(xsdt().get(0) + 140);
  }

  private long port(long gas) {
    assertThat(memory.getByte(gas)).as("I/O space").isEqualTo((byte) 1);
    assertThat(memory.getByte(gas + 1)).as("bits").isEqualTo((byte) 8);
    return memory.getLong(gas + 4);
  }

  private int sum(long gpa, int length) {
    int sum = 0;
    for (int i = 0; i < length; i++) {
      sum += memory.getByte(gpa + i);
    }
    return sum & 0xFF;
  }

  private String text(long gpa, int length) {
    return new String(memory.slice(gpa, length).toArray(JAVA_BYTE));
  }

  private static final class LongSorted {
    static long[] of(long... values) {
      Arrays.sort(values);
      return values;
    }
  }
}
