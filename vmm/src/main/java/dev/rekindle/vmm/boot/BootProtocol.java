package dev.rekindle.vmm.boot;

/** How a kernel is entered. */
public enum BootProtocol {
  /** Long mode with paging on, {@code rsi} points to the zero page. */
  LINUX_64,
  /** Protected mode without paging, {@code ebx} points to {@code struct hvm_start_info}. */
  PVH
}
