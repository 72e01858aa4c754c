package dev.rekindle.snapshotter.host.protocol;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class HostJsonTest {
  private static final HostRequest.Identity IDENTITY =
      new HostRequest.Identity("sb-1", "0123456789abcdef0123456789abcdef", "lease-1");

  static List<HostRequest> requests() {
    return List.of(
        new HostRequest.Hello(1),
        new HostRequest.Acquire(
            "sb-1", "/s/snapshots/x", "/s/images", "acme", HostRequest.Recycle.NEVER, IDENTITY),
        new HostRequest.Exec("sb-1", List.of("echo", "ä"), Map.of("A", "b"), "/tmp", 1000, 5, 99),
        new HostRequest.Cancel(7),
        new HostRequest.Release("sb-1"),
        new HostRequest.Stats());
  }

  @ParameterizedTest
  @MethodSource("requests")
  void shouldReadBackEveryRequest(HostRequest request) throws Exception {
    assertThat(HostJson.readRequest(HostJson.request(request))).isEqualTo(request);
  }

  @Test
  void shouldNameTheOperation() {
    assertThat(HostJson.request(new HostRequest.Release("a")))
        .asString()
        .isEqualTo("{\"op\":\"release\",\"sandboxId\":\"a\"}");
  }

  @Test
  void shouldFillInWhatExecMayLeaveOut() throws Exception {
    byte[] json = "{\"op\":\"exec\",\"sandboxId\":\"a\",\"argv\":[\"true\"]}".getBytes(UTF_8);

    assertThat(HostJson.readRequest(json))
        .isEqualTo(new HostRequest.Exec("a", List.of("true"), Map.of(), "/", 0, 0, 0));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "null",
        "[]",
        "{",
        "{}",
        "{\"op\":\"dance\"}",
        "{\"op\":\"hello\",\"version\":1,\"colour\":2}",
        "{\"op\":\"hello\",\"version\":1} x",
        "{\"op\":\"hello\",\"version\":1.5}",
        "{\"op\":\"release\"}",
        "{\"op\":\"release\",\"sandboxId\":\"../../etc\"}",
        "{\"op\":\"exec\",\"sandboxId\":\"a\",\"argv\":[]}",
        "{\"op\":\"exec\",\"sandboxId\":\"a\",\"argv\":[null]}",
        "{\"op\":\"exec\",\"sandboxId\":\"a\",\"argv\":[\"x\"],\"timeoutMillis\":-1}",
        "{\"op\":\"acquire\",\"sandboxId\":\"a\",\"snapshotDir\":\"rel\",\"imagesDir\":\"/i\","
            + "\"identity\":{}}",
      })
  void shouldRefuseWhatIsNoRequest(String json) {
    assertThatThrownBy(() -> HostJson.readRequest(json.getBytes(UTF_8)))
        .isInstanceOfSatisfying(
            HostException.class, e -> assertThat(e.code()).isEqualTo("host.bad_request"));
  }

  @Test
  void shouldReadBackReplies() throws Exception {
    HostReply.Acquire acquire = new HostReply.Acquire("new", Map.of("map", 52L));
    HostReply.Hello hello =
        new HostReply.Hello(12, 1, new HostReply.KvmKind(true), List.of("sb-1"));

    assertThat(HostJson.readReply(HostJson.ok(acquire), HostReply.Acquire.class))
        .isEqualTo(acquire);
    assertThat(HostJson.readReply(HostJson.ok(hello), HostReply.Hello.class)).isEqualTo(hello);
    assertThat(HostJson.ok(hello)).asString().contains("\"kvm\":{\"native\":true}");
  }

  @Test
  void shouldThrowTheErrorOfAReply() {
    byte[] json =
        HostJson.error(new HostException("sandbox.exited", "it panicked", "Kernel panic", null));

    assertThatThrownBy(() -> HostJson.readReply(json, HostReply.Release.class))
        .hasMessage("it panicked")
        .isInstanceOfSatisfying(
            HostException.class,
            e -> {
              assertThat(e.code()).isEqualTo("sandbox.exited");
              assertThat(e.consoleTail()).isEqualTo("Kernel panic");
            });
  }

  @Test
  void shouldIgnoreFieldsOfAnotherVersionInReplies() throws Exception {
    byte[] json = "{\"ok\":{\"canceled\":true,\"new\":1},\"trace\":2}".getBytes(UTF_8);

    assertThat(HostJson.readReply(json, HostReply.Cancel.class).canceled()).isTrue();
  }

  @Test
  void shouldReadBackEvents() throws Exception {
    for (HostEvent event :
        List.of(
            new HostEvent.Started(44),
            new HostEvent.Window(65_536),
            new HostEvent.SandboxExited("sb-1", "reboot", "tail"))) {
      assertThat(HostJson.readEvent(HostJson.event(event))).isEqualTo(event);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"{}", "{\"window\":0}", "{\"window\":-1}", "{\"event\":\"x\"}", "[", "7"})
  void shouldRefuseUnknownEvents(String json) {
    assertThatThrownBy(() -> HostJson.readEvent(json.getBytes(UTF_8)))
        .isInstanceOf(ProtocolException.class);
  }
}
