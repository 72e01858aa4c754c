package dev.rekindle.vmm.virtio;

import dev.rekindle.vmm.loop.DeviceLoop;
import dev.rekindle.vmm.memory.GuestMemory;
import dev.rekindle.vmm.sys.Mapping;
import dev.rekindle.vmm.sys.OwnedFd;
import dev.rekindle.vmm.sys.Syscalls;
import dev.rekindle.vmm.virtio.rng.RngDevice;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.security.SecureRandom;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.LongConsumer;

/**
 * Two devices on one loop, the memory of one of which is a file that becomes shorter; then every
 * kind of access to what is gone. A process of its own, for it may well end.
 */
final class LostMemoryMain {
  /** In the part of the memory that no ring lies in. */
  private static final long PLACE = 0x40_0000;

  /** So that no read is optimised away. */
  private static long sink;

  private LostMemoryMain() {}

  public static void main(String[] args) throws Exception {
    int rounds = Integer.parseInt(args[0]);
    CountDownLatch lost = new CountDownLatch(1);
    try (OwnedFd file = OwnedFd.memory("ram", GuestDriver.MEMORY_BYTES);
        Mapping ram = Mapping.filePrivate(file.fd(), 0, GuestDriver.MEMORY_BYTES);
        DeviceLoop loop = new DeviceLoop();
        GuestDriver neighbour = new GuestDriver(rng(), loop::execute)) {
      GuestMemory memory = new GuestMemory(ram.segment());
      GuestDriver victim = new GuestDriver(rng(), memory, loop::execute, lost::countDown);
      victim.start(0, 8);
      neighbour.start(0, 8);
      Map<String, LongConsumer> accesses = accesses(memory);
      for (int i = 0; i < rounds; i++) {
        serve(loop, victim);
        serve(loop, neighbour);
        accesses.values().forEach(access -> access.accept(PLACE));
      }

      Syscalls.ftruncate(file.fd(), 0);

      loop.execute(() -> victim.transport.processQueue(0));
      require(lost.await(60, TimeUnit.SECONDS), "the loss was told");
      int ended = 0;
      for (Map.Entry<String, LongConsumer> access : accesses.entrySet()) {
        ended += endsInError(access.getValue()) ? 1 : 0;
        System.out.println(access.getKey() + " done");
      }
      require(ended == accesses.size(), "all accesses ended in an error, not " + ended);
      for (int i = 0; i < 100; i++) {
        serve(loop, neighbour);
      }
      System.out.println("neighbour alive, " + sink);
    }
  }

  private static RngDevice rng() {
    return new RngDevice(new SecureRandom());
  }

  private static void serve(DeviceLoop loop, GuestDriver driver) {
    GuestDriver.Queue queue = driver.queue(0);
    queue.descriptor(0, 0x10_0000, 32, 2, 0);
    queue.publish(0);
    loop.execute(() -> driver.transport.processQueue(0));
    loop.barrier();
    require(queue.poll() != null, "the device served");
  }

  private static Map<String, LongConsumer> accesses(GuestMemory memory) {
    MemorySegment page = Arena.global().allocate(4096);
    byte[] array = new byte[4096];
    Map<String, LongConsumer> all = new LinkedHashMap<>();
    all.put("getByte", at -> sink += memory.getByte(at));
    all.put("getShort", at -> sink += memory.getShort(at));
    all.put("getInt", at -> sink += memory.getInt(at));
    all.put("getLong", at -> sink += memory.getLong(at));
    all.put("getShortAcquire", at -> sink += memory.getShortAcquire(at));
    all.put("putByte", at -> memory.putByte(at, (byte) 1));
    all.put("putShort", at -> memory.putShort(at, (short) 1));
    all.put("putInt", at -> memory.putInt(at, 1));
    all.put("putLong", at -> memory.putLong(at, 1));
    all.put("putShortRelease", at -> memory.putShortRelease(at, (short) 1));
    all.put("read segment", at -> memory.read(at, page));
    all.put("read array", at -> memory.read(at, array, 0, 16));
    all.put("read page", at -> memory.read(at, array, 0, 4096));
    all.put("write segment", at -> memory.write(at, page));
    all.put("write array", at -> memory.write(at, array, 0, 16));
    all.put("write page", at -> memory.write(at, array, 0, 4096));
    all.put("fill", at -> memory.slice(at, 4096).fill((byte) 0));
    all.put("mismatch", at -> sink += memory.slice(at, 4096).mismatch(page));
    return all;
  }

  private static boolean endsInError(LongConsumer access) {
    try {
      access.accept(PLACE);
      return false;
    } catch (InternalError expected) {
      return true;
    }
  }

  private static void require(boolean holds, String what) {
    if (!holds) {
      throw new IllegalStateException("not so: " + what);
    }
  }
}
