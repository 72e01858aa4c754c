package dev.rekindle.vmm.arch.x86;

import dev.rekindle.vmm.arch.x86.acpi.AmlData;
import dev.rekindle.vmm.arch.x86.acpi.AmlName;
import dev.rekindle.vmm.arch.x86.acpi.AmlTerm;
import dev.rekindle.vmm.arch.x86.acpi.AmlTerm.Device;
import dev.rekindle.vmm.arch.x86.acpi.AmlTerm.If;
import dev.rekindle.vmm.arch.x86.acpi.AmlTerm.Method;
import dev.rekindle.vmm.arch.x86.acpi.AmlTerm.Name;
import dev.rekindle.vmm.arch.x86.acpi.AmlTerm.Notify;
import dev.rekindle.vmm.arch.x86.acpi.AmlTerm.Scope;
import dev.rekindle.vmm.arch.x86.acpi.AmlValue.Arg;
import dev.rekindle.vmm.arch.x86.acpi.AmlValue.EisaId;
import dev.rekindle.vmm.arch.x86.acpi.AmlValue.Equal;
import dev.rekindle.vmm.arch.x86.acpi.AmlValue.Int;
import dev.rekindle.vmm.arch.x86.acpi.AmlValue.Package;
import dev.rekindle.vmm.arch.x86.acpi.AmlValue.Resources;
import dev.rekindle.vmm.arch.x86.acpi.AmlValue.Text;
import dev.rekindle.vmm.arch.x86.acpi.Resource;
import dev.rekindle.vmm.bus.AcpiSleepControl;
import java.util.ArrayList;
import java.util.List;

/** The devices of a guest in AML: what its DSDT says. */
final class Dsdt {

  private static final int COM1_PORTS = 8;

  /** First of the notification values that are a device's own (ACPI 6.5, 5.6.6). */
  private static final int DEVICE_EVENT = 0x80;

  private static final AmlName VM_GENERATION = AmlName.of("\\_SB.VGEN");

  private Dsdt() {}

  static List<AmlTerm> terms(List<VirtioMmioSlot> slots) {
    List<AmlTerm> devices = new ArrayList<>();
    devices.add(serialPort());
    for (int i = 0; i < slots.size(); i++) {
      devices.add(virtio(i, slots.get(i)));
    }
    devices.add(vmGeneration());
    devices.add(genericEvents());
    List<AmlData> softOff =
        List.of(
            new Int(AcpiSleepControl.SLEEP_TYPE_S5),
            new Int(AcpiSleepControl.SLEEP_TYPE_S5),
            new Int(0),
            new Int(0));
    return List.of(
        new Name("\\_S5", new Package(softOff)), new Scope(AmlName.of("\\_SB"), devices));
  }

  /** A 16550A with its interrupt; {@code drivers/tty/serial/8250/8250_pnp.c} takes it over. */
  private static AmlTerm serialPort() {
    return new Device(
        AmlName.of("COM1"),
        List.of(
            new Name("_HID", new EisaId("PNP0501")),
            new Name("_UID", new Int(0)),
            new Name(
                "_CRS",
                new Resources(
                    List.of(
                        new Resource.Ports(AddressMap.COM1_PORT, COM1_PORTS),
                        new Resource.EdgeInterrupt(AddressMap.COM1_GSI))))));
  }

  /**
   * A virtio-mmio window ({@code drivers/virtio/virtio_mmio.c}, {@code virtio_mmio_acpi_match}).
   */
  private static AmlTerm virtio(int index, VirtioMmioSlot slot) {
    return new Device(
        AmlName.of("VR%02X".formatted(index)),
        List.of(
            new Name("_HID", new Text("LNRO0005")),
            new Name("_UID", new Int(index)),
            // DMA is cache-coherent; without it Linux refuses DMA on machines that say so at all.
            new Name("_CCA", new Int(1)),
            new Name(
                "_CRS",
                new Resources(
                    List.of(
                        new Resource.Memory32Fixed(slot.base(), slot.length()),
                        new Resource.EdgeInterrupt(slot.gsi()))))));
  }

  /**
   * The VM generation id: {@code ADDR} gives the low and the high half of the gpa of its 16 bytes
   * (Microsoft, "Virtual Machine Generation ID"; Linux {@code vmgenid.c} matches the _HID).
   */
  private static AmlTerm vmGeneration() {
    List<AmlData> address =
        List.of(
            new Int(AddressMap.VM_GENERATION_ID & 0xFFFF_FFFFL),
            new Int(AddressMap.VM_GENERATION_ID >>> 32));
    return new Device(
        AmlName.of("VGEN"),
        List.of(
            new Name("_HID", new Text("VMGENCTR")),
            new Name("_CID", new Text("VM_Gen_Counter")),
            new Name("_DDN", new Text("VM_Gen_Counter")),
            new Name("ADDR", new Package(address))));
  }

  /**
   * The Generic Event Device (ACPI 6.5, 5.6.9), which a hardware-reduced machine has instead of
   * general-purpose events: its one interrupt notifies the VM generation device.
   */
  private static AmlTerm genericEvents() {
    AmlTerm notify = new Notify(VM_GENERATION, new Int(DEVICE_EVENT));
    return new Device(
        AmlName.of("GED"),
        List.of(
            new Name("_HID", new Text("ACPI0013")),
            new Name("_UID", new Int(0)),
            new Name(
                "_CRS",
                new Resources(List.of(new Resource.EdgeInterrupt(AddressMap.VM_GENERATION_GSI)))),
            new Method(
                AmlName.of("_EVT"),
                1,
                List.of(
                    new If(
                        new Equal(new Arg(0), new Int(AddressMap.VM_GENERATION_GSI)),
                        List.of(notify))))));
  }
}
