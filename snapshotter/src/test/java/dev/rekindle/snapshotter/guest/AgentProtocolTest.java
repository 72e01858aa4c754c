package dev.rekindle.snapshotter.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rekindle.snapshotter.guest.AgentConnection.Frame;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class AgentProtocolTest {
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
  void shouldAnswerHello() throws Exception {
    connection.send(0x01, new byte[] {1, 0, 0, 0});

    Frame reply = connection.receive();

    assertThat(reply.type()).isEqualTo(0x81);
    assertThat(reply.payload().getInt()).isEqualTo(1);
  }

  @Test
  void shouldRefuseOtherVersion() throws Exception {
    connection.send(0x01, new byte[] {2, 0, 0, 0});

    assertThat(AgentConnection.errorCode(connection.receive())).isEqualTo("protocol.version");
    assertThatThrownBy(connection::receive).isInstanceOf(IOException.class);
  }

  @Test
  void shouldReturnPing() throws Exception {
    connection.send(0x07, new byte[] {5, 6});

    Frame reply = connection.receive();

    assertThat(reply.type()).isEqualTo(0x87);
    assertThat(reply.payload().array()).containsExactly(5, 6);
  }

  @Test
  void shouldTakeFramesInAnyPieces() throws Exception {
    for (byte b : new byte[] {2, 0, 0, 0, 7, 8, 9}) {
      connection.raw(new byte[] {b});
      Thread.sleep(2);
    }

    assertThat(connection.receive().payload().array()).containsExactly(8, 9);
  }

  @Test
  void shouldEndConnectionThatIsMalformed() throws Exception {
    byte[][] bad = {{0, 0, 0, 0, 99}, {1, 0, 16, 0, 7}, {-1, -1, -1, -1, 7}, {1, 0, 0, 0, 1, 1}};
    for (byte[] bytes : bad) {
      try (AgentConnection one = agent.connect()) {
        one.raw(bytes);

        assertThat(AgentConnection.errorCode(one.receive())).isEqualTo("protocol.malformed");
        assertThatThrownBy(one::receive).isInstanceOf(IOException.class);
      }
    }
  }

  @Test
  void shouldTakeNoMoreRequestsWhenRepliesAreNotRead() throws Exception {
    byte[] pings = new byte[69 * 100];
    for (int at = 0; at < pings.length; at += 69) {
      pings[at] = 64;
      pings[at + 4] = 0x07;
    }
    long taken = connection.flood(pings, 64 << 20);

    assertThat(taken).isLessThan(8 << 20);
    for (long i = 0; i < taken / 69; i++) {
      assertThat(connection.receive().type()).isEqualTo(0x87);
    }
  }

  @Test
  void shouldOutliveNoise() throws Exception {
    Random random = new Random(4711);
    for (int i = 0; i < 300; i++) {
      byte[] noise = new byte[random.nextInt(2000)];
      random.nextBytes(noise);
      try (AgentConnection one = agent.connect()) {
        // Half of it with a header that is one, so that the payloads are read too.
        if (i % 2 == 0) {
          one.send(1 + random.nextInt(7), noise);
        } else {
          one.raw(noise);
        }
      } catch (IOException e) {
        assertThat(e).hasMessageContaining("pipe");
      }
    }

    assertThat(agent.isAlive()).isTrue();
    connection.send(0x07, new byte[0]);
    assertThat(connection.receive().type()).isEqualTo(0x87);
  }

  @Test
  void shouldTakeAnIdentity() throws Exception {
    connection.send(0x02, identity("host-1", "0123456789abcdef0123456789abcdef", "lease-1"));
    assertThat(connection.receive().type()).isEqualTo(0x82);
    String first = read("run/rekindle/boot_id");

    connection.send(0x02, identity("host-2", "1123456789abcdef0123456789abcdef", "lease-2"));
    assertThat(connection.receive().type()).isEqualTo(0x82);

    assertThat(read("etc/hostname")).isEqualTo("host-2");
    assertThat(read("etc/machine-id")).isEqualTo("1123456789abcdef0123456789abcdef");
    assertThat(read("run/rekindle/lease")).isEqualTo("lease-2");
    assertThat(read("run/rekindle/boot_id"))
        .isNotEqualTo(first)
        .matches("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}");
  }

  @Test
  void shouldRefuseIdentityThatBreaksARule() throws Exception {
    String id = "0123456789abcdef0123456789abcdef";
    byte[][] bad = {
      identity("", id, "l"),
      identity("a".repeat(64), id, "l"),
      identity("Host", id, "l"),
      identity("a/b", id, "l"),
      identity("h", id.substring(1), "l"),
      identity("h", id.toUpperCase(java.util.Locale.ROOT), "l"),
      identity("h", id, "a\nb"),
      identity("h", id, "l".repeat(129)),
      new byte[10],
    };
    for (byte[] payload : bad) {
      connection.send(0x02, payload);

      assertThat(AgentConnection.errorCode(connection.receive())).isEqualTo("identity.invalid");
    }
    assertThat(agent.root().resolve("etc/hostname")).doesNotExist();
  }

  @Test
  void shouldNotConfirmIdentityThatWasNotTaken() throws Exception {
    Files.delete(agent.root().resolve("etc"));

    connection.send(0x02, identity("host", "0123456789abcdef0123456789abcdef", "lease"));

    assertThat(AgentConnection.errorCode(connection.receive())).isEqualTo("identity.failed");
  }

  private String read(String name) throws IOException {
    return Files.readString(agent.root().resolve(name)).strip();
  }

  private static byte[] identity(String hostname, String machineId, String leaseId) {
    ByteBuffer buffer = ByteBuffer.allocate(1000).order(ByteOrder.LITTLE_ENDIAN);
    buffer.position(64);
    buffer.putLong(1_800_000_000_000_000_000L);
    buffer.position(88);
    AgentConnection.str16(buffer, hostname);
    AgentConnection.str16(buffer, machineId);
    AgentConnection.str16(buffer, leaseId);
    byte[] payload = new byte[buffer.position()];
    buffer.flip().get(payload);
    return payload;
  }
}
