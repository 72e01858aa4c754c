package dev.rekindle.snapshotter.restore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rekindle.snapshotter.AssemblerGuest;
import dev.rekindle.snapshotter.capture.SnapshotWriter;
import dev.rekindle.snapshotter.capture.VmCapture;
import dev.rekindle.snapshotter.format.Manifest;
import dev.rekindle.snapshotter.format.SnapshotException;
import dev.rekindle.vmm.machine.KvmHost;
import dev.rekindle.vmm.machine.MicroVm;
import dev.rekindle.vmm.machine.Shell;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Tag("kvm")
@Timeout(600)
class RestorerIT {
  @TempDir Path directory;
  private KvmHost host;
  private Path snapshot;
  private Manifest manifest;
  private int countAtCapture;

  @BeforeEach
  void takeSnapshot() throws Exception {
    host = KvmHost.open();
    SnapshotWriter writer = new SnapshotWriter(directory.resolve("snapshots"));
    Shell shell = Shell.build(host, AssemblerGuest.SHAPE);
    try (MicroVm vm = MicroVm.boot(shell, AssemblerGuest.writeTo(directory))) {
      vm.resume();
      awaitConsole(vm, 20);
      manifest =
          VmCapture.capture(vm, writer, "counter-1", "counter", images(), host.supportedCpuid());
      countAtCapture = vm.memory().getByte(AssemblerGuest.COUNTER_GPA) & 0xFF;
    }
    snapshot = directory.resolve("snapshots/counter-1");
  }

  @AfterEach
  void closeHost() {
    host.close();
  }

  @Test
  void shouldStoreOnlyWhatTheGuestTouched() {
    assertThat(manifest.memory().dataBytes()).isBetween(4096L, 1L << 20);
    assertThat(manifest.shape().memoryBytes()).isEqualTo(16 << 20);
  }

  @Test
  void shouldGoOnInManyClonesFromWhereTheSnapshotWasTaken() throws Exception {
    List<MicroVm> clones = new ArrayList<>();
    try (Restorer restorer = new Restorer(host, 0)) {
      for (int i = 0; i < 4; i++) {
        clones.add(restore(restorer));
      }
      assertThat(clones)
          .extracting(vm -> vm.memory().getByte(AssemblerGuest.COUNTER_GPA) & 0xFF)
          .containsOnly(countAtCapture);

      for (MicroVm clone : clones) {
        clone.resume();
      }

      for (MicroVm clone : clones) {
        awaitConsole(clone, 3);
        clone.pause();
        // The capture may lie between the count and its output.
        char first = clone.console().text().charAt(0);
        assertThat(first).isIn(printed(countAtCapture), printed(countAtCapture + 1));
      }
    } finally {
      clones.forEach(MicroVm::close);
    }
  }

  @Test
  void shouldRestoreIntoAShellBuiltAhead() throws Exception {
    try (Restorer restorer = new Restorer(host, 1)) {
      StageClock first = new StageClock();
      restorer.restore(snapshot, directory, "tenant", first).vm().close();
      while (restorer.shells() == 0) {
        Thread.sleep(5);
      }
      StageClock second = new StageClock();

      Restorer.Restored restored = restorer.restore(snapshot, directory, "tenant", second);

      restored.vm().close();
      assertThat(restored.fromShell()).isTrue();
      assertThat(first.micros()).containsOnlyKeys("verify", "shell", "map", "state");
      assertThat(second.micros()).containsOnlyKeys("map", "state");
    }
  }

  @Test
  void shouldWorkOnAfterTheSnapshotWasDeleted() throws Exception {
    try (Restorer restorer = new Restorer(host, 0)) {
      MicroVm vm = restore(restorer);
      for (String file : List.of("memory.bin", "state.bin", "manifest.json")) {
        Files.delete(snapshot.resolve(file));
      }
      Files.delete(snapshot);

      vm.resume();

      awaitConsole(vm, 3);
      vm.close();
    }
  }

  @Test
  void shouldLeaveNothingBehindWhenRefused() throws Exception {
    try (RandomAccessFile file =
        new RandomAccessFile(snapshot.resolve("memory.bin").toFile(), "rw")) {
      file.setLength(file.length() - 4096);
    }
    try (Restorer restorer = new Restorer(host, 0)) {
      long descriptors = count("/proc/self/fd");

      for (int i = 0; i < 20; i++) {
        assertThatThrownBy(() -> restorer.restore(snapshot, directory, "tenant", new StageClock()))
            .isInstanceOfSatisfying(
                SnapshotException.class, e -> assertThat(e.code()).isEqualTo("snapshot.truncated"));
      }

      assertThat(count("/proc/self/fd")).isLessThanOrEqualTo(descriptors + 1);
    }
  }

  @Test
  void shouldLeaveNothingBehindWhenManyCameAndWent() throws Exception {
    try (Restorer warm = new Restorer(host, 1)) {
      restore(warm).close();
    }
    long descriptors = count("/proc/self/fd");
    long threads = count("/proc/self/task");
    long mappings = Files.readAllLines(Path.of("/proc/self/maps")).size();

    try (Restorer restorer = new Restorer(host, 2)) {
      for (int i = 0; i < 20; i++) {
        MicroVm vm = restore(restorer);
        vm.resume();
        vm.close();
      }
    }

    assertThat(count("/proc/self/fd")).isLessThanOrEqualTo(descriptors + 1);
    assertThat(count("/proc/self/task")).isLessThanOrEqualTo(threads + 2);
    assertThat(Files.readAllLines(Path.of("/proc/self/maps")).size())
        .isLessThan((int) mappings + 20);
  }

  private MicroVm restore(Restorer restorer) throws Exception {
    return restorer.restore(snapshot, directory, "tenant", new StageClock()).vm();
  }

  private static char printed(int count) {
    return (char) ((count & 0x3F) + 0x20);
  }

  private static Manifest.Images images() {
    return new Manifest.Images("none", "counter.elf", "", "", List.of());
  }

  private static void awaitConsole(MicroVm vm, int bytes) throws InterruptedException {
    while (vm.console().totalBytes() < bytes) {
      assertThat(vm.exited()).isNotDone();
      Thread.sleep(2);
    }
  }

  private static long count(String directory) throws Exception {
    try (var entries = Files.list(Path.of(directory))) {
      return entries.count();
    }
  }
}
