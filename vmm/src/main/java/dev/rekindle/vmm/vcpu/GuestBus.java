package dev.rekindle.vmm.vcpu;

import java.lang.foreign.MemorySegment;

/** Where a vCPU's port or memory accesses go. Called on the vCPU's thread. */
public interface GuestBus {
  /**
   * @param address port or gpa
   * @param data to fill
   * @return false if nobody is there; the vCPU then reads all ones
   */
  boolean read(long address, MemorySegment data);

  /**
   * @param address port or gpa
   * @param data what the guest wrote
   * @return false if nobody is there; the write is then lost
   */
  boolean write(long address, MemorySegment data);
}
