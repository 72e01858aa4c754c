package dev.rekindle.snapshotter.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rekindle.snapshotter.guest.AgentConnection.Frame;
import dev.rekindle.snapshotter.guest.AgentConnection.Run;
import java.io.EOFException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class AgentExecTest {
  @TempDir Path directory;

  private AgentProcess agent;
  private AgentConnection connection;

  @BeforeEach
  void start() throws Exception {
    agent = new AgentProcess(directory);
    connection = agent.connect();
  }

  @AfterEach
  void stop() throws Exception {
    connection.close();
    agent.close();
  }

  @Test
  void shouldKeepStreamsApartAndTellExitCode() throws Exception {
    Run run = connection.run("sh", "-c", "echo out; echo err >&2; exit 3");

    assertThat(run.stdout()).isEqualTo("out\n");
    assertThat(run.stderr()).isEqualTo("err\n");
    assertThat(run.exitCode()).isEqualTo(3);
    assertThat(run.signal()).isZero();
  }

  @Test
  void shouldTellSignalWhenCommandIsKilled() throws Exception {
    Run run = connection.run("sh", "-c", "kill -15 $$");

    assertThat(run.exitCode()).isEqualTo(-1);
    assertThat(run.signal()).isEqualTo(15);
  }

  @Test
  void shouldGiveArgumentsUnchanged() throws Exception {
    Run run = connection.run("printf", "<%s>", "", "a b", "*", "ü", "$x\n");

    assertThat(run.stdout()).isEqualTo("<><a b><*><ü><$x\n>");
  }

  @Test
  void shouldGiveEnvironmentAndDefaults() throws Exception {
    Run run =
        connection.run(
            AgentConnection.exec(0, 0, "", List.of("A=1", "HOME=/h"), List.of("/usr/bin/env")));

    assertThat(run.stdout().lines())
        .contains("A=1", "HOME=/h", "LANG=C.UTF-8")
        .anyMatch(line -> line.startsWith("PATH=/usr/local/sbin:"))
        .doesNotContain("HOME=/root");
  }

  @Test
  void shouldSearchThePathOfTheRequest() throws Exception {
    Path tool = directory.resolve("tool");
    Files.writeString(tool, "#!/bin/sh\necho mine\n");
    tool.toFile().setExecutable(true);

    Run run =
        connection.run(
            AgentConnection.exec(0, 0, "", List.of("PATH=/nope:" + directory), List.of("tool")));

    assertThat(run.stdout()).isEqualTo("mine\n");
  }

  @Test
  void shouldRunInWorkingDirectory() throws Exception {
    Run run =
        connection.run(AgentConnection.exec(0, 0, directory.toString(), List.of(), List.of("pwd")));

    assertThat(run.stdout()).isEqualTo(directory.toRealPath() + "\n");
  }

  @Test
  void shouldTellCommandThatIsNotThere() throws Exception {
    assertThat(connection.run("no-such-command").error()).isEqualTo("exec.not_found");
    assertThat(connection.run("/no/such/command").error()).isEqualTo("exec.not_found");
  }

  @Test
  void shouldTellCommandThatCannotBeRun() throws Exception {
    Path script = directory.resolve("script");
    Files.writeString(script, "#!/no/such/interpreter\n");
    script.toFile().setExecutable(true);

    assertThat(connection.run("/etc/passwd").error()).isEqualTo("exec.not_executable");
    assertThat(connection.run("/etc").error()).isEqualTo("exec.not_executable");
    assertThat(connection.run(script.toString()).error()).isEqualTo("exec.not_executable");
  }

  @Test
  void shouldTellWorkingDirectoryThatIsNone() throws Exception {
    for (String cwd : List.of("/no/such", "/etc/passwd")) {
      byte[] exec = AgentConnection.exec(0, 0, cwd, List.of(), List.of("true"));

      assertThat(connection.run(exec).error()).isEqualTo("exec.bad_cwd");
    }
  }

  @Test
  void shouldRefuseInvalidRequests() throws Exception {
    List<byte[]> requests = new ArrayList<>();
    requests.add(new byte[0]);
    requests.add(AgentConnection.exec(0, 0, "", List.of(), List.of()));
    requests.add(AgentConnection.exec(0, 0, "", List.of(), List.of("")));
    requests.add(AgentConnection.exec(0, 0, "", List.of("novalue"), List.of("true")));
    requests.add(AgentConnection.exec(0, 0, "", List.of("=x"), List.of("true")));
    requests.add(AgentConnection.exec(0, 0, "", List.of(), List.of("a\0b")));
    requests.add(AgentConnection.exec(0, 6, "", List.of(), List.of("true")));

    for (byte[] request : requests) {
      assertThat(connection.run(request).error()).isEqualTo("exec.invalid");
    }

    assertThat(connection.run("echo", "alive").stdout()).isEqualTo("alive\n");
  }

  @Test
  void shouldKillAtTheTimeLimit() throws Exception {
    Run run =
        connection.run(
            AgentConnection.exec(
                200, 0, "", List.of(), List.of("sh", "-c", "sleep 50 & sleep 50")));

    assertThat(run.how()).isEqualTo(1);
    assertThat(run.signal()).isEqualTo(9);
  }

  @Test
  void shouldCarryLargeInputAndOutput() throws Exception {
    connection.start("cat");
    Thread writer =
        Thread.ofVirtual()
            .start(() -> {
              try {
                for (int i = 0; i < 64; i++) {
                  connection.send(0x04, new byte[100_000]);
                }
                connection.send(0x05, new byte[0]);
              } catch (java.io.IOException e) {
                throw new java.io.UncheckedIOException(e);
              }
            });

    Run run = connection.finish();

    writer.join();
    assertThat(run.bytes()).isEqualTo(6_400_000);
  }

  @Test
  void shouldDropInputOfCommandThatReadsNone() throws Exception {
    connection.start("true");
    for (int i = 0; i < 40; i++) {
      connection.send(0x04, new byte[60_000]);
    }

    assertThat(connection.finish().exitCode()).isZero();
    assertThat(connection.run("echo", "next").stdout()).isEqualTo("next\n");
  }

  @Test
  void shouldStayBoundedWhenOutputIsNotRead() throws Exception {
    connection.start("cat", "/dev/zero");
    Thread.sleep(500);

    assertThat(agent.residentBytes()).isLessThan(8 << 20);
    try (AgentConnection other = agent.connect()) {
      assertThat(other.run("echo", "free").stdout()).isEqualTo("free\n");
    }
  }

  @Test
  void shouldEndWhenBackgroundProcessHoldsTheOutput() throws Exception {
    long begin = System.nanoTime();

    Run run = connection.run("sh", "-c", "setsid sleep 30 & echo left");

    assertThat(run.stdout()).isEqualTo("left\n");
    assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(10));
  }

  @Test
  void shouldLetBackgroundProcessesGoOnWhenAsked() throws Exception {
    Path file = directory.resolve("late");
    String script = "(sleep 0.5; echo x > " + file + ") & echo left";

    Run run =
        connection.run(AgentConnection.exec(0, 1, "", List.of(), List.of("sh", "-c", script)));

    assertThat(run.stdout()).isEqualTo("left\n");
    await(() -> Files.exists(file));
  }

  @Test
  void shouldKillTheCommandWhenTheConnectionEnds() throws Exception {
    AgentConnection other = agent.connect();
    other.start("sh", "-c", "sleep 100 & echo up; sleep 100");
    assertThat(other.receive().type()).isEqualTo(0x83);
    assertThat(other.receive().type()).isEqualTo(0x84);
    List<ProcessHandle> group = agent.descendants();

    other.close();

    assertThat(group).hasSizeGreaterThanOrEqualTo(2);
    await(() -> group.stream().noneMatch(ProcessHandle::isAlive));
    await(() -> agent.children() == 0);
  }

  @Test
  void shouldDeliverSignals() throws Exception {
    connection.start(
        "sh", "-c", "trap 'echo got; exit 7' TERM; echo up; while :; do sleep 0.05; done");
    Frame frame = connection.receive();
    assertThat(frame.type()).isEqualTo(0x83);
    assertThat(connection.receive().type()).isEqualTo(0x84);

    connection.send(0x06, new byte[] {15, 0, 0, 0});
    Run run = connection.finish();

    assertThat(run.exitCode()).isEqualTo(7);
    assertThat(run.stdout()).isEqualTo("got\n");
  }

  @Test
  void shouldRunManyAtOnce() throws Exception {
    List<AgentConnection> connections = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      AgentConnection one = agent.connect();
      connections.add(one);
      one.start("sh", "-c", "sleep 0.3; echo " + i);
    }

    for (int i = 0; i < 40; i++) {
      assertThat(connections.get(i).finish().stdout()).isEqualTo(i + "\n");
      connections.get(i).close();
    }
  }

  @Test
  void shouldRefuseSecondCommandAtATime() throws Exception {
    connection.start("sleep", "100");
    connection.start("true");

    assertThat(connection.finish().error()).isEqualTo("exec.busy");
  }

  @Test
  void shouldLeakNothing() throws Exception {
    connection.run("true");
    long before = agent.openFiles();

    for (int i = 0; i < 100; i++) {
      connection.run("true");
      connection.run("no-such-command");
    }

    assertThat(agent.openFiles()).isEqualTo(before);
    await(() -> agent.children() == 0);
  }

  @Test
  void shouldCloseConnectionsAboveTheLimitAtOnce() throws Exception {
    List<AgentConnection> open = new ArrayList<>();
    for (int i = 0; i < 63; i++) {
      open.add(agent.connect());
    }

    try (AgentConnection further = agent.connect()) {
      assertThatThrownBy(further::receive).isInstanceOf(EOFException.class);
    }

    assertThat(connection.run("echo", "on").stdout()).isEqualTo("on\n");
    for (AgentConnection one : open) {
      one.close();
    }
  }

  private static void await(java.util.concurrent.Callable<Boolean> condition) throws Exception {
    boolean met = condition.call();
    for (int i = 0; i < 500 && !met; i++) {
      Thread.sleep(10);
      met = condition.call();
    }
    assertThat(met).isTrue();
  }
}
