package dev.rekindle.vmm.virtio.block;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rekindle.vmm.abi.virtio.Virtio;
import dev.rekindle.vmm.abi.virtio.VirtioBlk;
import dev.rekindle.vmm.abi.virtio.VirtioMmio;
import dev.rekindle.vmm.sys.OwnedFd;
import dev.rekindle.vmm.sys.Syscalls;
import dev.rekindle.vmm.virtio.DeviceState;
import dev.rekindle.vmm.virtio.GuestDriver;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class BlockDeviceTest {
  private static final int DISK_BYTES = 1 << 20;
  private static final int SECTORS = DISK_BYTES / 512;

  private final OwnedFd disk = OwnedFd.memory("disk", DISK_BYTES);
  private GuestDriver driver = new GuestDriver(device(false)).start(0, 64);
  private GuestDriver.Part status;

  @AfterEach
  void close() {
    driver.close();
    disk.close();
  }

  private BlockDevice device(boolean readOnly) {
    return new BlockDevice(disk, DISK_BYTES, readOnly, "serial-number-longer-than-20");
  }

  private GuestDriver.Part header(int type, long sector) {
    return driver.readable(
        ByteBuffer.allocate(16)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putInt(type)
            .putInt(0)
            .putLong(sector)
            .array());
  }

  private int submit(GuestDriver.Part... parts) {
    status = driver.writable(1);
    driver.memory.putByte(status.gpa(), (byte) 0x77);
    GuestDriver.Part[] all = Arrays.copyOf(parts, parts.length + 1);
    all[parts.length] = status;
    driver.queue(0).add(all);
    driver.queue(0).kick();
    return driver.contents(status)[0];
  }

  private static byte[] random(int seed, int length) {
    byte[] bytes = new byte[length];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  @Test
  void shouldShowItsSize() {
    assertThat(driver.read(VirtioMmio.CONFIG)).isEqualTo(SECTORS);
    assertThat(driver.read(VirtioMmio.CONFIG + 4)).isZero();
    assertThat(driver.offeredFeatures() & VirtioBlk.F_RO).isZero();
  }

  @Test
  void shouldReadBackWhatWasWrittenInOtherPieces() {
    byte[] data = random(1, 8192);
    int written =
        submit(
            header(VirtioBlk.T_OUT, 5),
            driver.readable(Arrays.copyOfRange(data, 0, 100)),
            driver.readable(Arrays.copyOfRange(data, 100, 8192)));
    List<GuestDriver.Part> parts = new ArrayList<>(List.of(header(VirtioBlk.T_IN, 5)));
    for (int length : new int[] {1, 4095, 3000, 1096}) {
      parts.add(driver.writable(length));
    }

    int read = submit(parts.toArray(GuestDriver.Part[]::new));

    assertThat(written).isEqualTo(VirtioBlk.S_OK);
    assertThat(read).isEqualTo(VirtioBlk.S_OK);
    ByteBuffer got = ByteBuffer.allocate(8192);
    parts.stream().skip(1).forEach(p -> got.put(driver.contents(p)));
    assertThat(got.array()).isEqualTo(data);
    driver.queue(0).poll();
    assertThat(driver.queue(0).poll().length()).isEqualTo(8193);
  }

  @Test
  void shouldTakeAHeaderCutInPieces() {
    GuestDriver.Part whole = header(VirtioBlk.T_IN, 0);
    GuestDriver.Part first = new GuestDriver.Part(whole.gpa(), 3, false);
    GuestDriver.Part rest = new GuestDriver.Part(whole.gpa() + 3, 13, false);

    assertThat(submit(first, rest, driver.writable(512))).isEqualTo(VirtioBlk.S_OK);
  }

  @Test
  void shouldRefuseWhatLiesOutside() {
    assertThat(submit(header(VirtioBlk.T_IN, SECTORS - 1), driver.writable(512)))
        .isEqualTo(VirtioBlk.S_OK);
    for (long sector : new long[] {SECTORS, SECTORS + 1, -1, Long.MIN_VALUE, 1L << 55}) {
      assertThat(submit(header(VirtioBlk.T_IN, sector), driver.writable(512)))
          .isEqualTo(VirtioBlk.S_IOERR);
      assertThat(submit(header(VirtioBlk.T_OUT, sector), driver.readable(new byte[512])))
          .isEqualTo(VirtioBlk.S_IOERR);
    }
    assertThat(submit(header(VirtioBlk.T_IN, SECTORS - 1), driver.writable(1024)))
        .isEqualTo(VirtioBlk.S_IOERR);
    assertThat(driver.needsReset()).isFalse();
  }

  @Test
  void shouldRefuseParts() {
    assertThat(submit(header(VirtioBlk.T_IN, 0), driver.writable(511)))
        .isEqualTo(VirtioBlk.S_IOERR);
  }

  @Test
  void shouldIdentifyItself() {
    GuestDriver.Part id = driver.writable(20);

    assertThat(submit(header(VirtioBlk.T_GET_ID, 0), id)).isEqualTo(VirtioBlk.S_OK);
    assertThat(new String(driver.contents(id))).isEqualTo("serial-number-longer");
  }

  @Test
  void shouldFlushAndSayWhatItDoesNotKnow() {
    assertThat(submit(header(VirtioBlk.T_FLUSH, 0))).isEqualTo(VirtioBlk.S_OK);
    assertThat(submit(header(11, 0))).isEqualTo(VirtioBlk.S_UNSUPP);
    assertThat(submit(header(-1, 0))).isEqualTo(VirtioBlk.S_UNSUPP);
  }

  @Test
  void shouldRefuseWritesWhenReadOnly() {
    driver.close();
    driver = new GuestDriver(device(true)).start(0, 64);

    assertThat(driver.offeredFeatures() & VirtioBlk.F_RO).isNotZero();
    assertThat(submit(header(VirtioBlk.T_OUT, 0), driver.readable(random(2, 512))))
        .isEqualTo(VirtioBlk.S_IOERR);
    GuestDriver.Part data = driver.writable(512);
    assertThat(submit(header(VirtioBlk.T_IN, 0), data)).isEqualTo(VirtioBlk.S_OK);
    assertThat(driver.contents(data)).containsOnly(0);
  }

  @Test
  void shouldReportAFileThatBecameShorter() {
    Syscalls.ftruncate(disk.fd(), 4096);

    assertThat(submit(header(VirtioBlk.T_IN, 100), driver.writable(512)))
        .isEqualTo(VirtioBlk.S_IOERR);
    assertThat(driver.needsReset()).isFalse();
  }

  @Test
  void shouldNeedAResetWithoutHeaderOrStatus() {
    driver.queue(0).add(driver.readable(new byte[15]), driver.writable(1));
    driver.queue(0).kick();
    assertThat(driver.needsReset()).isTrue();
    driver.restart(0, 1);
    driver.queue(0).add(header(VirtioBlk.T_FLUSH, 0));
    driver.queue(0).kick();
    assertThat(driver.needsReset()).isTrue();
  }

  @Test
  void shouldServeManyRequestsOfOneNotification() {
    driver.close();
    driver = new GuestDriver(device(false)).start(Virtio.F_INDIRECT_DESC | Virtio.F_EVENT_IDX, 128);
    for (int i = 0; i < 100; i++) {
      driver
          .queue(0)
          .addIndirect(header(VirtioBlk.T_IN, i), driver.writable(512), driver.writable(1));
    }

    driver.queue(0).kick();

    for (int i = 0; i < 100; i++) {
      assertThat(driver.queue(0).poll()).isEqualTo(new GuestDriver.Used(i, 513));
    }
  }

  @Test
  void shouldGoOnWithTheSameDiskOnly() {
    DeviceState state = driver.transport.capture();

    driver.transport.restore(state);
    try (OwnedFd larger = OwnedFd.memory("larger", 2 * DISK_BYTES);
        GuestDriver other = new GuestDriver(new BlockDevice(larger, 2 * DISK_BYTES, false, "x"));
        GuestDriver readOnly = new GuestDriver(device(true))) {
      assertThatThrownBy(() -> other.transport.restore(state))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("2048 sectors");
      assertThatThrownBy(() -> readOnly.transport.restore(state))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("read-only");
    }
  }
}
