package dev.rekindle.snapshotter.template;

/** Refuses a template whose pages this host has not, before anything is made for it. */
final class HugePageCheck {
  private static final int HUGE_PAGE_MIB = 2;

  private HugePageCheck() {}

  /**
   * @param recipe of the template
   * @param transparent whether the kernel gives transparent huge pages on request
   * @param reserved pages of 2 MiB reserved on this host
   * @throws BuildException {@code template.no_huge_pages}, with what to do about it
   */
  static void require(Recipe recipe, boolean transparent, long reserved) throws BuildException {
    switch (recipe.hugePages()) {
      case NONE -> {
        // Every host has small ones.
      }
      case TRANSPARENT -> {
        if (!transparent) {
          throw refusal(
              "hugePages transparent needs madvise or always in"
                  + " /sys/kernel/mm/transparent_hugepage/enabled");
        }
      }
      case HUGETLBFS -> {
        // The snapshot's own copy comes on top; how large it is shows when it is made.
        int needed = (recipe.memoryMib() + HUGE_PAGE_MIB - 1) / HUGE_PAGE_MIB;
        if (reserved < needed) {
          throw refusal(
              "hugePages hugetlbfs needs "
                  + needed
                  + " reserved pages of 2 MiB for each sandbox and as many at most for the"
                  + " snapshot, this host has "
                  + reserved
                  + ": raise vm.nr_hugepages");
        }
      }
    }
  }

  private static BuildException refusal(String message) {
    return new BuildException("template.no_huge_pages", message, null, null);
  }
}
