package dev.rekindle.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class HostTableTest {
  @Test
  void shouldShowEachProcessOnALine() throws Exception {
    String hosts =
        """
        [{"name":"host-0","pid":41,"state":"ready","restarts":2,"vms":3,"capacity":32,
          "tenancy":"only","tenants":["acme"],"template":"python","rssBytes":94371840},
         {"name":"host-1","pid":42,"state":"ready","restarts":0,"vms":2,"capacity":32,
          "tenancy":"shared","tenants":["","other"],"rssBytes":1048576},
         {"name":"host-2","pid":43,"state":"starting","restarts":0,"capacity":32,
          "tenancy":"free","tenants":[]}]
        """;

    assertThat(HostTable.lines(ApiClient.JSON.readTree(hosts)))
        .containsExactly(
            "HOST           PID STATE          VMS RESTARTS       RSS  POOL           TENANTS",
            "host-0          41 ready         3/32        2  90.0 MiB  python         acme",
            "host-1          42 ready         2/32        0   1.0 MiB  -              '' other"
                + " (shared)",
            "host-2          43 starting      0/32        0         -  -              (free)");
  }
}
