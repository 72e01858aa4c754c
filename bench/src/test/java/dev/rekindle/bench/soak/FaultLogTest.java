package dev.rekindle.bench.soak;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class FaultLogTest {
  private final AtomicLong now = new AtomicLong(100);
  private final FaultLog log = new FaultLog(now::get);

  @Test
  void shouldExcuseOnlyWhatTheServicesOwnFaultsOverlap() {
    log.begin(FaultLog.Kind.HOST_KILLED).over();
    assertThat(log.wasServiceDownSince(0)).isFalse();
    assertThat(log.wasAnySince(100)).isTrue();
    assertThat(log.wasAnySince(101)).isFalse();

    now.set(200);
    FaultLog.Over fault = log.begin(FaultLog.Kind.SERVICE_KILLED);
    assertThat(log.wasServiceDownSince(1_000)).isTrue();
    now.set(300);
    fault.over();

    assertThat(log.wasServiceDownSince(300)).isTrue();
    assertThat(log.wasServiceDownSince(301)).isFalse();
  }

  @Test
  void shouldCountKillsAndStopsApart() {
    log.begin(FaultLog.Kind.HOST_KILLED);
    log.begin(FaultLog.Kind.HOST_STOPPED);
    log.begin(FaultLog.Kind.SERVICE_KILLED);
    log.begin(FaultLog.Kind.BUILD_KILLED);

    assertThat(log.kills()).isEqualTo(3);
    assertThat(log.counts()).containsEntry(FaultLog.Kind.HOST_STOPPED, 1);
  }

  @Test
  void shouldWakeThoseWhoWaitForTheService() throws Exception {
    log.awaitServiceUp();
    FaultLog.Over fault = log.begin(FaultLog.Kind.SERVICE_KILLED);
    CountDownLatch up = new CountDownLatch(1);
    Thread waiting =
        Thread.ofVirtual()
            .start(() -> {
              try {
                log.awaitServiceUp();
                up.countDown();
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            });
    assertThat(up.getCount()).isEqualTo(1);

    fault.over();

    assertThat(up.await(20, TimeUnit.SECONDS)).isTrue();
    waiting.join();
  }
}
