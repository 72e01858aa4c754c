package dev.rekindle.vmm.probe;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.rekindle.vmm.abi.kvm.KvmIoctls;
import dev.rekindle.vmm.abi.kvm.KvmRegs;
import dev.rekindle.vmm.abi.kvm.KvmRun;
import dev.rekindle.vmm.abi.kvm.KvmSegment;
import dev.rekindle.vmm.abi.kvm.KvmSregs;
import dev.rekindle.vmm.kvm.Kvm;
import dev.rekindle.vmm.kvm.KvmUnavailableException;
import dev.rekindle.vmm.kvm.KvmVcpu;
import dev.rekindle.vmm.kvm.KvmVm;
import dev.rekindle.vmm.sys.ErrnoException;
import dev.rekindle.vmm.sys.Mapping;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.HexFormat;
import java.util.function.Supplier;

/**
 * What this host's KVM is worth. One that emulates guest instructions runs two million a second and
 * stops at a Linux kernel's first unusual one; one on hardware runs thousands of millions.
 *
 * @param usable whether a guest ran
 * @param instructionsPerSecond of the loop; 0 if none ran
 * @param problem why not usable, or null
 */
public record KvmProbe(boolean usable, long instructionsPerSecond, String problem) {
  /** From here on a Linux guest can run. */
  public static final long NATIVE_INSTRUCTIONS_PER_SECOND = 20_000_000;

  /** {@code mov ecx,150000; l: dec ecx; jnz l; out 0x80,al}: 300,000 instructions. */
  private static final byte[] LOOP = HexFormat.of().parseHex("66b9f04902006649" + "75fce680");

  private static final long INSTRUCTIONS = 300_000;
  private static final int MAX_ATTEMPTS = 3;

  /**
   * @return whether Linux guests can run here
   */
  public boolean runsLinux() {
    return usable && instructionsPerSecond >= NATIVE_INSTRUCTIONS_PER_SECOND;
  }

  /**
   * Runs the loop, up to three times where it was slow, in at most a second on any KVM known.
   *
   * @return what was found; never throws for want of KVM
   */
  public static KvmProbe run() {
    return best(KvmProbe::once);
  }

  /** Whoever else has the processor makes a good KVM look slow, and never a slow one good. */
  static KvmProbe best(Supplier<KvmProbe> attempt) {
    KvmProbe best = attempt.get();
    for (int i = 1; i < MAX_ATTEMPTS && best.usable() && !best.runsLinux(); i++) {
      KvmProbe again = attempt.get();
      if (again.instructionsPerSecond() > best.instructionsPerSecond()) {
        best = again;
      }
    }
    return best;
  }

  private static KvmProbe once() {
    try (Kvm kvm = Kvm.open();
        Mapping memory = Mapping.anonymous(1 << 16);
        KvmVm vm = kvm.createVm()) {
      vm.setMemoryRegion(0, 0, memory.segment());
      MemorySegment.copy(LOOP, 0, memory.segment(), JAVA_BYTE, 0x1000, LOOP.length);
      try (KvmVcpu vcpu = vm.createVcpu(0)) {
        start(vcpu);
        long began = System.nanoTime();
        int result = vcpu.run();
        long nanos = Math.max(1, System.nanoTime() - began);
        if (result < 0 || vcpu.exitReason() != KvmRun.EXIT_IO) {
          return new KvmProbe(
              false, 0, "a guest stopped with exit " + vcpu.exitReason() + ", result " + result);
        }
        return new KvmProbe(true, INSTRUCTIONS * 1_000_000_000L / nanos, null);
      }
    } catch (KvmUnavailableException | ErrnoException e) {
      return new KvmProbe(false, 0, e.getMessage());
    }
  }

  private static void start(KvmVcpu vcpu) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment sregs = arena.allocate(KvmSregs.LAYOUT);
      vcpu.state(KvmIoctls.GET_SREGS, sregs);
      sregs.set(JAVA_LONG, KvmSregs.CS + KvmSegment.BASE, 0L);
      sregs.set(JAVA_SHORT, KvmSregs.CS + KvmSegment.SELECTOR, (short) 0);
      vcpu.state(KvmIoctls.SET_SREGS, sregs);
      MemorySegment regs = arena.allocate(KvmRegs.LAYOUT);
      regs.set(JAVA_LONG, KvmRegs.RIP, 0x1000L);
      regs.set(JAVA_LONG, KvmRegs.RFLAGS, 2L);
      vcpu.state(KvmIoctls.SET_REGS, regs);
    }
  }
}
