package dev.rekindle.vmm;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.rekindle.vmm.abi.kvm.KvmIoctls;
import dev.rekindle.vmm.abi.kvm.KvmRegs;
import dev.rekindle.vmm.abi.kvm.KvmSegment;
import dev.rekindle.vmm.abi.kvm.KvmSregs;
import dev.rekindle.vmm.kvm.KvmVcpu;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.HexFormat;

/** Assembler guests of a few bytes in real mode, and how to start them. */
public final class GuestCode {
  /** {@code mov dx,0x3f8; mov al,'A'; mov byte [0x2000],1; out dx,al; hlt}. */
  public static final byte[] WRITE_THEN_OUT = HexFormat.of().parseHex("baf803b041c606002001eef4");

  /** {@code jmp $}. */
  public static final byte[] SPIN = HexFormat.of().parseHex("ebfe");

  /** {@code mov dx,0x3f8; l: out dx,al; inc al; jmp l}. */
  public static final byte[] OUT_FOREVER = HexFormat.of().parseHex("baf803eefec0ebfb");

  /** {@code sti; hlt; jmp $-1}: halted in the kernel until an interrupt comes. */
  public static final byte[] HALT = HexFormat.of().parseHex("f4ebfd");

  private GuestCode() {}

  /** Sets a vCPU to real mode at {@code rip}, segments 0. Call on the vCPU's thread. */
  public static void startAt(KvmVcpu vcpu, long rip) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment sregs = arena.allocate(KvmSregs.LAYOUT);
      vcpu.state(KvmIoctls.GET_SREGS, sregs);
      sregs.set(JAVA_LONG, KvmSregs.CS + KvmSegment.BASE, 0L);
      sregs.set(JAVA_SHORT, KvmSregs.CS + KvmSegment.SELECTOR, (short) 0);
      vcpu.state(KvmIoctls.SET_SREGS, sregs);
      MemorySegment regs = arena.allocate(KvmRegs.LAYOUT);
      regs.set(JAVA_LONG, KvmRegs.RIP, rip);
      regs.set(JAVA_LONG, KvmRegs.RFLAGS, 2L);
      vcpu.state(KvmIoctls.SET_REGS, regs);
    }
  }

  public static void place(MemorySegment memory, long at, byte[] code) {
    MemorySegment.copy(code, 0, memory, JAVA_BYTE, at, code.length);
  }
}
