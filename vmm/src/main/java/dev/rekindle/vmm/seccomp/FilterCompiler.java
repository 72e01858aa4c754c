package dev.rekindle.vmm.seccomp;

import dev.rekindle.vmm.abi.linux.SeccompData;
import dev.rekindle.vmm.abi.linux.SockFilter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Compiles a list. A program asks for the architecture, then for the call of the list's first line,
 * then halves the numbers until one range is left, so that no call costs more than a dozen
 * comparisons. x32's numbers lie above all others and are refused with them.
 */
final class FilterCompiler {
  private final BpfAssembler out = new BpfAssembler();
  private final int allowed;
  private final int refused;

  private FilterCompiler(int refusal) {
    refused = out.ret(refusal);
    allowed = out.ret(SeccompData.SECCOMP_RET_ALLOW);
  }

  /** Numbers from the first one up to the next range's lead there. */
  private record Range(int first, int target) {}

  /**
   * @param list what is allowed
   * @param refusal the result for everything else, of another architecture too
   * @return at most {@link SockFilter#MAX_INSTRUCTIONS}
   */
  static List<BpfInstruction> compile(SyscallList list, int refusal) {
    FilterCompiler compiler = new FilterCompiler(refusal);
    compiler.compile(list);
    List<BpfInstruction> program = compiler.out.program();
    if (program.size() > SockFilter.MAX_INSTRUCTIONS) {
      throw new IllegalArgumentException(list.name() + " has too many rules");
    }
    return program;
  }

  private void compile(SyscallList list) {
    Map<Integer, List<SyscallRule>> byCall = new LinkedHashMap<>();
    list.rules().forEach(r -> byCall.computeIfAbsent(r.nr(), _ -> new ArrayList<>()).add(r));
    TreeMap<Integer, Integer> targets = new TreeMap<>();
    byCall.forEach((nr, rules) -> targets.put(nr, call(rules)));
    int hot = list.rules().getFirst().nr();
    int others = search(ranges(targets));
    int first = out.jumpIf(SockFilter.JUMP_IF_EQUAL, hot, targets.get(hot), others);
    int x86 = out.load(SeccompData.NR, first);
    int arch = out.jumpIf(SockFilter.JUMP_IF_EQUAL, SeccompData.AUDIT_ARCH_X86_64, x86, refused);
    out.load(SeccompData.ARCH, arch);
  }

  private List<Range> ranges(TreeMap<Integer, Integer> targets) {
    List<Range> ranges = new ArrayList<>();
    ranges.add(new Range(0, refused));
    targets.forEach((nr, target) -> {
      begin(ranges, nr, target);
      begin(ranges, nr + 1, refused);
    });
    return ranges;
  }

  /** Begins a range, unless it goes on with the one before; one that ends where it began goes. */
  private static void begin(List<Range> ranges, int first, int target) {
    if (ranges.getLast().first == first) {
      ranges.removeLast();
    }
    if (ranges.isEmpty() || ranges.getLast().target != target) {
      ranges.add(new Range(first, target));
    }
  }

  private int search(List<Range> ranges) {
    if (ranges.size() == 1) {
      return ranges.getFirst().target;
    }
    int middle = ranges.size() / 2;
    int upper = search(ranges.subList(middle, ranges.size()));
    int lower = search(ranges.subList(0, middle));
    return out.jumpIf(SockFilter.JUMP_IF_AT_LEAST, ranges.get(middle).first, upper, lower);
  }

  /** What is decided about one call; the first rule that matches decides. */
  private int call(List<SyscallRule> rules) {
    int next = refused;
    for (SyscallRule rule : rules.reversed()) {
      int verdict =
          rule.errno() == 0 ? allowed : out.ret(SeccompData.SECCOMP_RET_ERRNO | rule.errno());
      int at = verdict;
      for (ArgumentMatch match : rule.matches().reversed()) {
        at = match(match, at, next);
      }
      next = at;
    }
    return next;
  }

  private int match(ArgumentMatch match, int holds, int fails) {
    int offset = SeccompData.ARGS + match.index() * Long.BYTES;
    int low = word(offset, match.lowMask(), match.lowValue(), holds, fails);
    return match.wide()
        ? word(offset + Integer.BYTES, match.highMask(), match.highValue(), low, fails)
        : low;
  }

  /** One half of an argument; little-endian, so the lower one comes first in memory. */
  private int word(int offset, int mask, int value, int holds, int fails) {
    if (mask == 0) {
      return holds;
    }
    int compare = out.jumpIf(SockFilter.JUMP_IF_EQUAL, value, holds, fails);
    return out.load(offset, mask == -1 ? compare : out.and(mask, compare));
  }
}
