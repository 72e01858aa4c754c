package dev.rekindle.vmm.virtio.rng;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rekindle.vmm.virtio.GuestDriver;
import java.security.SecureRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class RngDeviceTest {
  private final GuestDriver driver = new GuestDriver(new RngDevice(new SecureRandom())).start(0, 8);

  @AfterEach
  void close() {
    driver.close();
  }

  @Test
  void shouldFillBuffersWithBytesThatDiffer() {
    GuestDriver.Part a = driver.writable(64);
    GuestDriver.Part b = driver.writable(64);
    driver.queue(0).add(a);
    driver.queue(0).add(b);

    driver.queue(0).kick();

    assertThat(driver.queue(0).poll().length()).isEqualTo(64);
    assertThat(driver.contents(a)).isNotEqualTo(driver.contents(b)).isNotEqualTo(new byte[64]);
  }

  @Test
  void shouldAnswerAHugeRequestInPart() {
    driver.queue(0).add(driver.writable(1 << 20));

    driver.queue(0).kick();

    assertThat(driver.queue(0).poll().length()).isEqualTo(64 * 1024);
  }

  @Test
  void shouldGiveBackARequestWithNothingToFill() {
    driver.queue(0).add(driver.readable(new byte[4]));

    driver.queue(0).kick();

    assertThat(driver.queue(0).poll().length()).isZero();
    assertThat(driver.needsReset()).isFalse();
  }
}
