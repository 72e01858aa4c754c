package dev.rekindle.cli.doctor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CloneComparisonTest {
  private static final long MILLI = 1_000_000L;
  private static final ClockSkew EXACT = new ClockSkew(true, 0, MILLI);

  private static CloneFacts clone(int number) {
    Map<String, List<String>> parts = new HashMap<>();
    for (String part : List.of("urandom", "uuid", "machine-id", "boot-id", "hostname")) {
      parts.put(part, List.of(part + number));
    }
    parts.put("lease", List.of("sb-" + number));
    return new CloneFacts("sb-" + number, parts, EXACT);
  }

  private static CloneFacts with(CloneFacts clone, String part, String... lines) {
    Map<String, List<String>> parts = new HashMap<>(clone.parts());
    parts.put(part, List.of(lines));
    return new CloneFacts(clone.lease(), parts, clone.clock());
  }

  private static Finding finding(String check, CloneFacts... clones) {
    return new CloneComparison(List.of(clones), 500 * MILLI)
        .findings().stream().filter(f -> f.check().equals(check)).findFirst().orElseThrow();
  }

  @Test
  void shouldFindNothingWrongWithClonesThatDiffer() {
    CloneComparison comparison =
        new CloneComparison(List.of(clone(1), clone(2), clone(3)), 500 * MILLI);

    assertThat(comparison.findings()).hasSize(11).allMatch(f -> f.level() == Level.OK);
    assertThat(finding("clone-urandom", clone(1), clone(2)).found()).isEqualTo("2 distinct");
    assertThat(finding("clone-mac", clone(1), clone(2)).found()).isEqualTo("none has one");
  }

  @ParameterizedTest
  @ValueSource(strings = {"urandom", "uuid", "machine-id", "boot-id", "hostname"})
  void shouldFailWhatIsEqualOrMissing(String part) {
    CloneFacts first = with(clone(1), part, "same");
    CloneFacts third = with(clone(3), part, "same");

    assertThat(finding("clone-" + part, first, clone(2), third))
        .extracting(Finding::level, Finding::found)
        .containsExactly(Level.FAIL, "equal in sb-1, sb-3");
    assertThat(finding("clone-" + part, first, with(clone(2), part)))
        .extracting(Finding::level, Finding::found)
        .containsExactly(Level.FAIL, "1 of 2 have none");
    assertThat(finding("clone-" + part, with(clone(1), part), with(clone(2), part)).level())
        .isEqualTo(Level.FAIL);
  }

  @ParameterizedTest
  @ValueSource(strings = {"mac", "python"})
  void shouldWantOfAllWhatOneHas(String part) {
    CloneFacts one = with(clone(1), part, "a", "b");

    assertThat(finding("clone-" + part, one, with(clone(2), part, "c", "d")).found())
        .isEqualTo("4 distinct");
    assertThat(finding("clone-" + part, one, clone(2)).level()).isEqualTo(Level.FAIL);
    assertThat(finding("clone-" + part, one, with(clone(2), part, "c", "b")).found())
        .isEqualTo("equal in sb-1, sb-2");
  }

  @Test
  void shouldFailASandboxOfAnotherLease() {
    assertThat(finding("clone-lease", clone(1), with(clone(2), "lease", "sb-9")))
        .extracting(Finding::level, Finding::found)
        .containsExactly(Level.FAIL, "sb-2 has sb-9");
  }

  @Test
  void shouldCompareAddressesButTheLoopbacks() {
    String[] fib = {
      "Main:",
      "+-- 127.0.0.0/8 2 0 2",
      "|-- 127.0.0.1",
      "/32 host LOCAL",
      "|-- 10.1.0.0",
      "/24 link UNICAST",
      "|-- 10.1.0.7",
      "/32 host LOCAL"
    };
    String[] inet6 = {
      "00000000000000000000000000000001 01 80 10 80       lo",
      "fe800000000000005054000000000001 02 40 20 80     eth0"
    };
    CloneFacts one = with(with(clone(1), "fib", fib), "inet6", inet6);

    assertThat(one.addresses()).containsExactly("10.1.0.7", "fe800000000000005054000000000001");
    assertThat(finding("clone-ip", one, with(clone(2), "fib", fib)).level()).isEqualTo(Level.FAIL);
    String[] other = fib.clone();
    other[6] = "|-- 10.1.0.8";
    assertThat(finding("clone-ip", one, with(clone(2), "fib", other)).found())
        .isEqualTo("3 distinct");
  }

  @Test
  void shouldFailAnInheritedConnection() {
    String listening = "0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000";
    String connected = "1: 0100007F:1F90 0A00020F:0050 01 00000000:00000000 00:00000000 00000000";
    String heads = "sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt";
    CloneFacts calm = with(clone(1), "tcp", heads, listening);

    assertThat(finding("clone-connections", calm, clone(2)).level()).isEqualTo(Level.OK);
    assertThat(finding("clone-connections", calm, with(clone(2), "tcp", heads, connected)))
        .extracting(Finding::level, Finding::found)
        .containsExactly(Level.FAIL, "sb-2: tcp to 0A00020F:0050");
    assertThat(
            with(
                    clone(1),
                    "unix",
                    "Num       RefCount Protocol Flags    Type St Inode Path",
                    "0000000000000000: 00000002 00000000 00010000 0001 01 1 /run/listens",
                    "0000000000000000: 00000003 00000000 00000000 0001 03 2 /run/peer",
                    "0000000000000000: 00000003 00000000 00000000 0001 03 3")
                .connections())
        .containsExactly("unix /run/peer", "unix");
  }

  @Test
  void shouldBoundTheClocksSkew() {
    CloneFacts late =
        new CloneFacts("sb-2", clone(2).parts(), new ClockSkew(true, -501 * MILLI, MILLI));
    CloneFacts mute = new CloneFacts("sb-2", clone(2).parts(), ClockSkew.UNKNOWN);

    assertThat(finding("clone-clock", clone(1), late))
        .extracting(Finding::level, Finding::found)
        .containsExactly(Level.FAIL, "-501 ms at worst, asking took 1 ms (sb-2)");
    assertThat(finding("clone-clock", clone(1), mute).found()).isEqualTo("1 of 2 tell no time");
    assertThat(finding("clone-clock", clone(1), clone(2)).level()).isEqualTo(Level.OK);
  }

  @Test
  void shouldWantTwoAtLeast() {
    List<CloneFacts> one = new ArrayList<>(List.of(clone(1)));

    assertThatThrownBy(() -> new CloneComparison(one, 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("at least 2, got 1");
  }
}
