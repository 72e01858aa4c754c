package dev.rekindle.bench.micro;

import dev.rekindle.vmm.sys.Mapping;
import dev.rekindle.vmm.sys.OwnedFd;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** A guest's memory mapped afresh over the last one's, and the first copy of a page. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class RemapBenchmark {
  private static final int TOUCHED = 0x2000;

  /** Size of the guest's memory. */
  @Param({"128", "2048"})
  public int memoryMib;

  private long bytes;
  private OwnedFd file;
  private Mapping mapping;

  /** A file of a whole guest, and memory to map it over. */
  @Setup
  public void open() {
    bytes = (long) memoryMib << 20;
    file = OwnedFd.memory("remap-benchmark", bytes);
    mapping = Mapping.anonymous(bytes);
  }

  /** Frees both. */
  @TearDown
  public void close() {
    mapping.close();
    file.close();
  }

  /** Maps. */
  @Benchmark
  public void map() {
    mapping.remapPrivate(0, bytes, file.fd(), 0);
  }

  /** Maps, and copies one page by writing to it. */
  @Benchmark
  public void mapAndWrite() {
    mapping.remapPrivate(0, bytes, file.fd(), 0);
    mapping.segment().set(ValueLayout.JAVA_BYTE, TOUCHED, (byte) 1);
  }
}
