package dev.rekindle.bench;

import dev.rekindle.vmm.bus.BusDevice;
import dev.rekindle.vmm.machine.KvmHost;
import dev.rekindle.vmm.machine.MicroVm;
import dev.rekindle.vmm.machine.PreparedState;
import dev.rekindle.vmm.machine.Shape;
import dev.rekindle.vmm.machine.Shell;
import dev.rekindle.vmm.sys.OwnedFd;
import dev.rekindle.vmm.sys.Syscalls;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Restore of an assembler guest to its first I/O exit, in process: ours and the floor, alternating.
 * Arguments: {@code --json}, {@code --runs N} (100), {@code --memory MIB} (128), {@code --rounds N}
 * (3).
 */
public final class RestoreBench {
  /**
   * {@code mov dx,0x3f8; mov al,'A'; mov byte [0x2000],1; out dx,al; hlt}, as the floor's guest.
   */
  private static final byte[] GUEST = HexFormat.of().parseHex("ba0005b041c606002001eef4");

  private static final int PORT = 0x500;

  private final KvmHost host;
  private final Shape shape;
  private final PreparedState state;
  private final OwnedFd memory;

  private RestoreBench(KvmHost host, int memoryMib) {
    this.host = host;
    shape = new Shape((long) memoryMib << 20, 1, List.of());
    memory = OwnedFd.memory("snapshot", shape.memoryBytes());
    Shell shell = Shell.build(host, shape);
    try (MicroVm vm = MicroVm.program(shell, GUEST, 0x1000)) {
      Syscalls.pwrite(memory.fd(), vm.memory().slice(0, 0x10000), 0);
      state = new PreparedState(vm.capture());
    }
  }

  /** Notes when the guest's first access comes. */
  private static final class FirstExit implements BusDevice {
    private volatile long atNanos;

    @Override
    public void read(long offset, MemorySegment data) {
      data.fill((byte) 0);
    }

    @Override
    public void write(long offset, MemorySegment data) {
      atNanos = System.nanoTime();
    }

    long await() {
      while (atNanos == 0) {
        Thread.onSpinWait();
      }
      return atNanos;
    }
  }

  private Shell shell(FirstExit device) {
    Shell shell = Shell.build(host, shape);
    shell.pio().map(PORT, 1, device);
    return shell;
  }

  private MicroVm toFirstExit(Shell shell) {
    MicroVm vm = MicroVm.restore(shell, state, memory.fd(), List.of());
    vm.resume();
    return vm;
  }

  private long[] fresh(int runs) {
    long[] times = new long[runs];
    for (int i = 0; i < runs; i++) {
      FirstExit exit = new FirstExit();
      long began = System.nanoTime();
      try (MicroVm vm = toFirstExit(shell(exit))) {
        times[i] = exit.await() - began;
        assert vm.memory().sizeBytes() == shape.memoryBytes();
      }
    }
    return times;
  }

  private long[] shells(int runs) {
    long[] times = new long[runs];
    List<FirstExit> exits = new ArrayList<>();
    List<Shell> shells = new ArrayList<>();
    for (int i = 0; i < runs; i++) {
      exits.add(new FirstExit());
      shells.add(shell(exits.get(i)));
    }
    for (int i = 0; i < runs; i++) {
      long began = System.nanoTime();
      toFirstExit(shells.get(i));
      times[i] = exits.get(i).await() - began;
    }
    shells.forEach(Shell::close);
    return times;
  }

  private long[] recycle(int runs) {
    long[] times = new long[runs];
    FirstExit exit = new FirstExit();
    Shell shell = shell(exit);
    MicroVm vm = toFirstExit(shell);
    exit.await();
    for (int i = 0; i < runs; i++) {
      exit.atNanos = 0;
      long began = System.nanoTime();
      Shell empty = vm.vacate();
      vm = toFirstExit(empty);
      times[i] = exit.await() - began;
    }
    vm.close();
    return times;
  }

  /** What a further live VM costs this process. */
  private String memoryOfFurtherVms(int count) throws IOException {
    long pss = pssKib();
    List<MicroVm> vms = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      FirstExit exit = new FirstExit();
      vms.add(toFirstExit(shell(exit)));
      exit.await();
    }
    long each = (pssKib() - pss) / count;
    vms.forEach(MicroVm::close);
    return String.format(
        Locale.ROOT,
        "{\"way\":\"memory\",\"memoryMib\":%d,\"liveVms\":%d,\"pssKibPerVm\":%d,\"processPssKib\":%d}",
        shape.memoryBytes() >> 20,
        count,
        each,
        pss);
  }

  private static long pssKib() throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/self/smaps_rollup"))) {
      if (line.startsWith("Pss:")) {
        return Long.parseLong(line.replaceAll("[^0-9]", ""));
      }
    }
    return 0;
  }

  private static void report(
      String way, int memoryMib, int liveVms, long[] times, Floor.Line floor, boolean json) {
    Arrays.sort(times);
    double p50 = times[times.length / 2] / 1e3;
    double p99 = times[times.length * 99 / 100] / 1e3;
    double perSecond = times.length / (Arrays.stream(times).sum() / 1e9);
    String format =
        json
            ? "{\"way\":\"%s\",\"memoryMib\":%d,\"liveVms\":%d,\"threads\":1,\"p50Micros\":%.1f,"
                + "\"p99Micros\":%.1f,\"perSecond\":%.0f,\"floorP50Micros\":%.1f,"
                + "\"floorP99Micros\":%.1f,\"floorPerSecond\":%.0f,\"ratioP50\":%.2f}%n"
            : "%-8s %4d MiB %3d VMs  p50 %7.1f µs  p99 %7.1f µs  %6.0f/s   floor: p50 %7.1f µs"
                + "  p99 %7.1f µs  %6.0f/s   p50 ratio %.2f%n";
    System.out.printf(
        Locale.ROOT,
        format,
        way,
        memoryMib,
        liveVms,
        p50,
        p99,
        perSecond,
        floor.p50Micros(),
        floor.p99Micros(),
        floor.perSecond(),
        p50 / floor.p50Micros());
  }

  /**
   * @param args see the class
   * @throws IOException if the machine's facts cannot be read
   */
  public static void main(String... args) throws IOException {
    List<String> all = List.of(args);
    boolean json = all.contains("--json");
    int runs = number(all, "--runs", 100);
    int memoryMib = number(all, "--memory", 128);
    Path bench = Path.of(System.getProperty("rekindle.bench", "bench"));
    Floor floor = new Floor(bench.resolve("floor/restore_limit.c"), bench.resolve("target"));
    try (KvmHost host = KvmHost.open()) {
      RestoreBench ours = new RestoreBench(host, memoryMib);
      ours.fresh(runs / 2 + 1);
      ours.recycle(runs * 5);
      for (int round = 0; round < number(all, "--rounds", 3); round++) {
        Map<String, Floor.Line> lines = floor.measure(runs, memoryMib);
        report("fresh", memoryMib, 1, ours.fresh(runs), lines.get("fresh"), json);
        int shells = Math.min(runs, 64);
        report("shell", memoryMib, shells, ours.shells(shells), lines.get("shell"), json);
        report("recycle", memoryMib, 1, ours.recycle(runs * 5), lines.get("recycle"), json);
      }
      System.out.println(ours.memoryOfFurtherVms(32));
    }
  }

  private static int number(List<String> args, String name, int otherwise) {
    int at = args.indexOf(name);
    return at < 0 ? otherwise : Integer.parseInt(args.get(at + 1));
  }
}
