package dev.rekindle.fuzz.targets;

import dev.rekindle.fuzz.ByteScript;
import dev.rekindle.fuzz.FuzzTarget;
import dev.rekindle.vmm.loop.DeviceLoop;
import dev.rekindle.vmm.memory.GuestMemory;
import dev.rekindle.vmm.sys.OwnedFd;
import dev.rekindle.vmm.virtio.VirtioDevice;
import dev.rekindle.vmm.virtio.block.BlockDevice;
import dev.rekindle.vmm.virtio.rng.RngDevice;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;

/** A virtio device behind its transport, driven by {@link GuestScript}. */
public final class VirtioTarget implements FuzzTarget {
  private static final int DISK_BYTES = 1 << 16;

  private final String name;
  private final Supplier<Rig> rigs;
  private final List<byte[]> requests;
  private GuestMemory memory;

  /** A device and whoever uses it from the host's side. */
  interface Rig {
    VirtioDevice device();

    /** A step of the host. */
    default void host(ByteScript script) {}

    /** Waits for what the device does later by itself. */
    default void settle() {}
  }

  private VirtioTarget(String name, Supplier<Rig> rigs, List<byte[]> requests) {
    this.name = name;
    this.rigs = rigs;
    this.requests = requests;
  }

  /**
   * @return a disk of 64 KiB
   */
  public static FuzzTarget block() {
    return new VirtioTarget(
        "virtio-block",
        () -> {
          OwnedFd disk = Lazy.DISK;
          BlockDevice device = new BlockDevice(disk, DISK_BYTES, false, "fuzz");
          return () -> device;
        },
        List.of(
            blockRequest(0, 0, 1, 513),
            blockRequest(64, 1, 2, 1),
            blockRequest(0, 4, 0, 1),
            blockRequest(0, 8, 0, 21)));
  }

  /**
   * @return an entropy device whose bytes are all the same
   */
  public static FuzzTarget rng() {
    return new VirtioTarget(
        "virtio-rng",
        () -> {
          RngDevice device = new RngDevice(new Constant());
          return () -> device;
        },
        List.of(request(0, 64, new byte[0])));
  }

  /**
   * @return a socket device, with a host that listens, connects, writes, reads and closes
   */
  public static FuzzTarget vsock() {
    return new VirtioTarget(
        "virtio-vsock", () -> new VsockRig(Lazy.LOOP), List.of(VsockRig.guestOpens()));
  }

  /** Made when first used: not every run of the program needs them. */
  private static final class Lazy {
    static final OwnedFd DISK = OwnedFd.memory("disk", DISK_BYTES);
    static final DeviceLoop LOOP = new DeviceLoop();
  }

  /** Entropy must not make equal inputs take different ways. */
  private static final class Constant extends SecureRandom {
    private static final long serialVersionUID = 1L;

    @Override
    public void nextBytes(byte[] bytes) {
      Arrays.fill(bytes, (byte) 3);
    }
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public void run(byte[] input) {
    if (memory == null) {
      memory = GuestMemory.allocate(GuestScript.MEMORY_BYTES, Arena.global());
    }
    memory.slice(0, GuestScript.MEMORY_BYTES).fill((byte) 0);
    Rig rig = rigs.get();
    GuestScript guest = new GuestScript(memory, rig.device());
    ByteScript script = new ByteScript(input);
    while (script.hasNext()) {
      if (script.u8() % 8 == 7) {
        rig.host(script);
      } else {
        guest.step(script);
      }
      rig.settle();
    }
    guest.finish();
    rig.settle();
  }

  @Override
  public List<byte[]> seeds() {
    List<byte[]> seeds = new ArrayList<>();
    for (byte[] request : requests) {
      for (int features = 0; features < 4; features += 3) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(new byte[] {0, 3, (byte) features});
        out.writeBytes(request);
        // Captured, restored, and once more.
        out.writeBytes(new byte[] {0, 9});
        out.writeBytes(request);
        seeds.add(out.toByteArray());
      }
    }
    return seeds;
  }

  private static byte[] blockRequest(int queue, int type, long sector, int writable) {
    ByteBuffer header = ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN);
    header.putInt(type).putInt(0).putLong(sector);
    return request(queue, writable, header.array());
  }

  /** {@link GuestScript}'s step 10. */
  static byte[] request(int queue, int writable, byte[] contents) {
    ByteBuffer b = ByteBuffer.allocate(6 + contents.length).order(ByteOrder.LITTLE_ENDIAN);
    return b.put((byte) 0)
        .put((byte) 10)
        .put((byte) queue)
        .putShort((short) writable)
        .put((byte) contents.length)
        .put(contents)
        .array();
  }
}
