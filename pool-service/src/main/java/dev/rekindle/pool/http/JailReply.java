package dev.rekindle.pool.http;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.rekindle.pool.fleet.FleetLimits;
import dev.rekindle.pool.jail.HostLimits;
import dev.rekindle.pool.jail.Jail;
import dev.rekindle.pool.jail.Layer;
import java.util.Locale;

/** The jail, as status tells it. */
final class JailReply {
  private JailReply() {}

  static void put(Jail jail, FleetLimits hosts, ObjectNode node) {
    node.put("mode", jail.settings().mode().name().toLowerCase(Locale.ROOT));
    ArrayNode layers = node.putArray("layers");
    jail.layers()
        .forEach((layer, state) ->
            layers
                .addObject()
                .put("layer", layer.label())
                .put("on", state.on())
                .put("detail", state.detail())
                .put("fix", state.fix()));
    if (jail.layers().get(Layer.CGROUP).on()) {
      HostLimits limits = jail.settings().limits();
      int processors = Runtime.getRuntime().availableProcessors();
      int percent = limits.cpuPercent() == 0 ? 100 * processors : limits.cpuPercent();
      ObjectNode ratio = node.putObject("oversubscription");
      ratio.put("cpu", (double) hosts.maxHosts() * percent / (100.0 * processors));
      ratio.put("memory", hosts.maxHosts() * jail.memoryShare());
    }
  }
}
