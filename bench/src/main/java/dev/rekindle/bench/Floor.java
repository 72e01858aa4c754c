package dev.rekindle.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Map;

/** {@code floor/restore_limit.c}: the same work in C, with nothing around the system calls. */
final class Floor {
  private static final JsonMapper JSON = new JsonMapper();

  private final Path program;

  private Floor(Path program) {
    this.program = program;
  }

  /** Compiles it; the system property {@code rekindle.bench} is the module's folder. */
  static Floor compiled() {
    Path bench = Path.of(System.getProperty("rekindle.bench", "bench"));
    Path program = bench.resolve("target/restore_limit");
    try {
      Files.createDirectories(program.getParent());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Path source = bench.resolve("floor/restore_limit.c");
    run("cc", "-O2", "-o", program.toString(), source.toString(), "-lpthread");
    return new Floor(program);
  }

  /** What further VMs cost the C program. */
  MemoryUse memory(int memoryMib, int vms) {
    try {
      JsonNode node =
          JSON.readTree(
              run(
                  program.toString(),
                  "1",
                  Integer.toString(memoryMib),
                  Integer.toString(vms),
                  "memory"));
      return new MemoryUse(node.get("pss_kib").asLong(), node.get("kernel_kib").asLong());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Runs it once. */
  Map<Way, Samples> measure(int runs, int memoryMib, int liveVms) {
    Map<Way, Samples> ways = new EnumMap<>(Way.class);
    String out =
        run(
            program.toString(),
            Integer.toString(runs),
            Integer.toString(memoryMib),
            Integer.toString(liveVms));
    out.lines().forEach(line -> read(line, ways));
    return ways;
  }

  private static void read(String line, Map<Way, Samples> ways) {
    try {
      JsonNode node = JSON.readTree(line);
      double[] micros = new double[node.get("micros").size()];
      for (int i = 0; i < micros.length; i++) {
        micros[i] = node.get("micros").get(i).asDouble();
      }
      Way way = Way.of(node.get("way").asText(), node.get("threads").asInt());
      ways.put(way, new Samples(micros, node.get("per_second").asDouble()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String run(String... command) {
    try {
      Process process =
          new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
      String out = new String(process.getInputStream().readAllBytes());
      if (process.waitFor() != 0) {
        throw new IllegalStateException(String.join(" ", command) + " failed");
      }
      return out;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}
