package dev.rekindle.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.rekindle.vmm.probe.KvmProbe;
import java.util.List;
import org.junit.jupiter.api.Test;

class MachineFactsTest {
  @Test
  void shouldFindTheFirstProcessorsModel() {
    List<String> cpuinfo =
        List.of(
            "processor\t: 0",
            "model\t\t: 2",
            "model name\t: A CPU @ 3: GHz ",
            "model name\t: another");

    assertThat(MachineFacts.cpuModel(cpuinfo)).isEqualTo("A CPU @ 3: GHz");
    assertThat(MachineFacts.cpuModel(List.of("model : 2"))).isEqualTo("unknown");
  }

  @Test
  void shouldTellTheThreeKindsOfKvm() {
    long enough = KvmProbe.NATIVE_INSTRUCTIONS_PER_SECOND;

    assertThat(MachineFacts.kind(new KvmProbe(true, enough, null))).isEqualTo("native");
    assertThat(MachineFacts.kind(new KvmProbe(true, enough - 1, null))).isEqualTo("emulated");
    assertThat(MachineFacts.kind(new KvmProbe(false, 0, "no"))).isEqualTo("none");
  }

  @Test
  void shouldWriteJsonWhateverTheTextsHold() throws Exception {
    MachineFacts facts =
        new MachineFacts(
            "a \"b\" \\ c\té", 2, "6.12", "native", true, "25", "2026-01-01T00:00:00Z");

    JsonNode machine = JsonMapper.builder().build().readTree(facts.json()).get("machine");

    assertThat(machine.get("cpu").textValue()).isEqualTo("a \"b\" \\ c??");
    assertThat(machine.get("cores").intValue()).isEqualTo(2);
    assertThat(machine.get("lab").booleanValue()).isTrue();
    assertThat(machine.size()).isEqualTo(7);
  }

  @Test
  void shouldKnowThisMachine() {
    MachineFacts facts = MachineFacts.here();

    assertThat(facts.cpu()).isNotBlank();
    assertThat(facts.kernel()).matches("[0-9]+\\.[0-9]+.*");
    assertThat(facts.cores()).isPositive();
  }
}
