package dev.rekindle.snapshotter.guest;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.rekindle.snapshotter.guest.AgentConnection.Run;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Commands on a terminal, by the real agent. */
@Timeout(60)
class AgentTerminalTest {
  private static final int STDIN = 0x04;
  private static final int WINDOW = 0x08;

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

  private void type(String text) throws Exception {
    connection.send(STDIN, text.getBytes(UTF_8));
  }

  @Test
  void shouldBeItsSessionsTerminalOnAllStreams() throws Exception {
    Run run =
        connection.run(
            AgentConnection.terminal(
                24,
                80,
                "sh",
                "-c",
                "test -t 0 && test -t 1 && test -t 2 && echo all; echo err >&2; "
                    + "ps -o tty= -p $$ | grep -q pts && : > /dev/tty && echo own; echo $TERM"));

    assertThat(run.stdout()).isEqualTo("all\r\nerr\r\nown\r\nxterm-256color\r\n");
    assertThat(run.stderr()).isEmpty();
    assertThat(run.exitCode()).isZero();
  }

  @Test
  void shouldHaveTheSizeItWasGivenAndTellOfAnother() throws Exception {
    connection.send(
        0x03,
        AgentConnection.terminal(
            31,
            97,
            "sh",
            "-c",
            "trap 'stty size; exit 3' WINCH; stty size; while :; do read x; done"));
    connection.awaitOutput("31 97\r\n");

    connection.send(WINDOW, new byte[] {50, 0, (byte) 132, 0});
    // The shell runs its trap when read returns.
    type("\n");

    Run run = connection.finish();
    assertThat(run.stdout()).endsWith("50 132\r\n");
    assertThat(run.exitCode()).isEqualTo(3);
  }

  @Test
  void shouldEchoAndEditWhatIsTyped() throws Exception {
    connection.send(0x03, AgentConnection.terminal(24, 80, "sh", "-c", "read x; echo got $x"));
    type("ab\177c\r");

    assertThat(connection.finish().stdout()).endsWith("got ac\r\n").startsWith("ab\b \bc\r\n");
  }

  @Test
  void shouldInterruptWhatRunsByAKey() throws Exception {
    connection.send(0x03, AgentConnection.terminal(24, 80, "sleep", "600"));
    assertThat(connection.receive().type()).isEqualTo(0x83);
    type("\003");

    assertThat(connection.finish().signal()).isEqualTo(2);
  }

  @Test
  void shouldEndInputAsAPersonDoes() throws Exception {
    connection.send(0x03, AgentConnection.terminal(24, 80, "cat"));
    type("line\n");
    connection.awaitOutput("line\r\nline\r\n");
    connection.send(0x05, new byte[0]);

    assertThat(connection.finish().exitCode()).isZero();
  }

  @Test
  void shouldLoseNoOutputAtTheEnd() throws Exception {
    for (int i = 0; i < 20; i++) {
      Run run = connection.run(AgentConnection.terminal(24, 80, "seq", "1", "2000"));

      assertThat(run.stdout()).endsWith("1999\r\n2000\r\n");
      assertThat(run.stdout().lines()).hasSize(2000);
    }
  }

  @Test
  void shouldEndWithTheCommandThoughSomebodyElseHoldsTheTerminal() throws Exception {
    Run run =
        connection.run(
            AgentConnection.terminal(
                24, 80, "sh", "-c", "trap '' HUP; setsid sleep 600 & sleep 0.1; echo over"));

    assertThat(run.stdout()).isEqualTo("over\r\n");
    assertThat(run.exitCode()).isZero();
  }

  @Test
  void shouldRefuseSizesThatAreNone() throws Exception {
    for (int[] size : new int[][] {{0, 80}, {24, 0}, {1001, 80}, {24, 1001}}) {
      assertThat(connection.run(AgentConnection.terminal(size[0], size[1], "true")).error())
          .isEqualTo("exec.invalid");
    }
    byte[] without = AgentConnection.exec(0, 2, "", List.of(), List.of("true"));
    assertThat(connection.run(without).error()).isEqualTo("exec.invalid");

    for (byte[] window : new byte[][] {{}, {1}, {0, 0, 1, 0}, {1, 0, 1, 0, 0}}) {
      connection.send(WINDOW, window);
      assertThat(connection.receive().type()).isEqualTo(0xff);
    }
    assertThat(connection.run("echo", "alive").stdout()).isEqualTo("alive\n");
  }

  @Test
  void shouldMindNoSizeWhereThereIsNoTerminal() throws Exception {
    connection.send(WINDOW, new byte[] {24, 0, 80, 0});
    connection.start("cat");
    connection.send(WINDOW, new byte[] {24, 0, 80, 0});
    connection.send(0x05, new byte[0]);

    assertThat(connection.finish().exitCode()).isZero();
  }

  @Test
  void shouldLeaveNothingBehind() throws Exception {
    connection.run(AgentConnection.terminal(24, 80, "true"));
    long before = agent.openFiles();
    for (int i = 0; i < 50; i++) {
      connection.run(AgentConnection.terminal(24, 80, "echo", "x"));
      connection.run(AgentConnection.terminal(24, 80, "/no/such"));
    }
    try (AgentConnection dropped = agent.connect()) {
      dropped.send(0x03, AgentConnection.terminal(24, 80, "sleep", "600"));
      dropped.receive();
    }
    for (int i = 0; i < 500 && (agent.openFiles() > before || agent.children() > 0); i++) {
      Thread.sleep(10);
    }

    assertThat(agent.openFiles()).isEqualTo(before);
    assertThat(agent.children()).isZero();
  }
}
