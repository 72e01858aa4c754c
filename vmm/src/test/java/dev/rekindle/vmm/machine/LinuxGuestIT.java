package dev.rekindle.vmm.machine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rekindle.vmm.boot.InitProgram;
import dev.rekindle.vmm.boot.KernelCommandLine;
import dev.rekindle.vmm.sys.Syscalls;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The distribution's kernel with an init of a few system calls, on a complete /dev/kvm. */
@Tag("linux")
class LinuxGuestIT {
  private static final long DEADLINE_SECONDS = 120;

  @TempDir Path dir;
  private KvmHost host;

  @BeforeEach
  void open() {
    host = KvmHost.open();
  }

  @AfterEach
  void close() {
    host.close();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void shouldBootToInitAndPowerOff(int vcpus) throws Exception {
    InitProgram init = new InitProgram().write("hello from init\n").powerOff();

    try (MicroVm vm = boot(vcpus, init, "loglevel=7")) {
      vm.resume();

      assertThat(vm.exited().get(DEADLINE_SECONDS, TimeUnit.SECONDS))
          .isInstanceOf(VmExit.Reset.class);
      String console = vm.console().text();
      assertThat(console)
          .contains("hello from init")
          .contains("Hypervisor detected: KVM")
          .contains("kvm-clock")
          .contains("00:00: ttyS0 at I/O 0x3f8")
          .contains("reboot: Power down")
          .contains("ACPI: Using IOAPIC for interrupt routing")
          // What would betray a table the kernel dislikes or a device it waits for.
          .doesNotContain("ACPI Error")
          .doesNotContain("ACPI Warning")
          .doesNotContain("Firmware Bug")
          .doesNotContain("Unable to read current time from RTC")
          .doesNotContain("serial8250: too much work");
      if (vcpus > 1) {
        assertThat(console).contains("smp: Brought up 1 node, " + vcpus + " CPUs");
      }
    }
  }

  @Test
  void shouldLoseNothingOfWhatWasPrintedBeforePowerOff() throws Exception {
    String line = "0123456789abcdef".repeat(100);
    InitProgram init = new InitProgram().write(line + "end\n").powerOff();

    try (MicroVm vm = boot(1, init, "")) {
      vm.resume();

      assertThat(vm.exited().get(DEADLINE_SECONDS, TimeUnit.SECONDS))
          .isInstanceOf(VmExit.Reset.class);
      assertThat(vm.console().text()).contains(line + "end");
    }
  }

  @Test
  void shouldUseMemoryAboveTheHoleForDevices() throws Exception {
    InitProgram init = new InitProgram().write("hello from init\n").powerOff();

    try (MicroVm vm = boot(3584, 1, init, "loglevel=7")) {
      vm.resume();

      assertThat(vm.exited().get(DEADLINE_SECONDS, TimeUnit.SECONDS))
          .isInstanceOf(VmExit.Reset.class);
      assertThat(vm.console().text())
          .contains("[mem 0x0000000000100000-0x00000000bfffffff] usable")
          .contains("[mem 0x0000000100000000-0x000000011fffffff] usable")
          .contains("hello from init")
          .doesNotContain("software IO TLB: mapped");
    }
  }

  @Test
  void shouldEndWithTheReasonOnTheConsoleWhenTheKernelPanics() throws Exception {
    try (MicroVm vm = boot(1, new InitProgram().exit(3), "")) {
      vm.resume();

      assertThat(vm.exited().get(DEADLINE_SECONDS, TimeUnit.SECONDS))
          .isInstanceOf(VmExit.Reset.class);
      assertThat(vm.console().text())
          .contains("Kernel panic - not syncing: Attempted to kill init");
    }
  }

  @Test
  void shouldReseedTheKernelsRandomPoolWhenTheGenerationChanges() throws Exception {
    try (MicroVm vm = boot(1, ticking(), "loglevel=7")) {
      vm.resume();
      await(vm, "tick");

      vm.renewGenerationId();

      await(vm, "random: crng reseeded due to virtual machine fork");
    }
  }

  @Test
  void shouldGoOnTickingInEveryCloneOfASnapshot() throws Exception {
    MachineState state;
    Path memory = dir.resolve("memory");
    try (MicroVm vm = boot(2, ticking(), "loglevel=7")) {
      vm.resume();
      await(vm, "tick");
      vm.pause();
      state = vm.capture();
      try (FileChannel file =
          FileChannel.open(memory, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
        file.write(vm.memory().slice(0, vm.memory().sizeBytes()).asByteBuffer());
      }
    }

    try (PreparedState prepared = new PreparedState(state)) {
      for (int i = 0; i < 2; i++) {
        int fd = Syscalls.open(memory.toString(), 0, 0);
        try (MicroVm clone =
            MicroVm.restore(Shell.build(host, state.shape()), prepared, fd, List.of())) {
          clone.renewGenerationId();
          clone.resume();

          await(clone, "(?s)tick.*tick.*tick");
          await(clone, "crng reseeded");
        } finally {
          Syscalls.close(fd);
        }
      }
    }
  }

  private static InitProgram ticking() {
    InitProgram init = new InitProgram().write("init is up\n");
    int again = init.here();
    return init.sleepMillis(200).write("tick\n").jump(again);
  }

  private MicroVm boot(int vcpus, InitProgram init, String arguments) throws IOException {
    return boot(128, vcpus, init, arguments);
  }

  private MicroVm boot(int memoryMib, int vcpus, InitProgram init, String arguments)
      throws IOException {
    Path initramfs = Files.write(dir.resolve("initramfs"), init.initramfs());
    Shell shell = Shell.build(host, new Shape((long) memoryMib << 20, vcpus, List.of()));
    KernelCommandLine line = KernelCommandLine.defaults().withAll(arguments);
    return MicroVm.boot(shell, new BootConfig(kernel(), Optional.of(initramfs), line, List.of()));
  }

  /** Waits for the guest, which runs at its own pace: in the lab it is slow. */
  private static void await(MicroVm vm, String pattern) throws InterruptedException {
    Pattern wanted = Pattern.compile(pattern);
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(DEADLINE_SECONDS);
    while (!wanted.matcher(vm.console().text()).find()) {
      assertThat(vm.exited()).as(vm.console().text()).isNotDone();
      assertThat(System.nanoTime()).as(vm.console().text()).isLessThan(deadline);
      Thread.sleep(20);
    }
  }

  /** {@code REKINDLE_TEST_KERNEL}, or the one that the lab runs itself. */
  private static Path kernel() {
    String named = System.getenv("REKINDLE_TEST_KERNEL");
    Path kernel =
        named != null
            ? Path.of(named)
            : Path.of(System.getProperty("user.home"), ".cache/rekindle/lab/kernel/vmlinuz");
    assertThat(kernel).as("a kernel to boot; set REKINDLE_TEST_KERNEL").isRegularFile();
    return kernel;
  }
}
