package dev.rekindle.vmm.arch.x86;

/**
 * A segment register with its hidden part; the fields of {@code struct kvm_segment} ({@code
 * asm/kvm.h}). {@code unusable} is 0.
 *
 * @param base first linear address
 * @param limit last offset, in bytes whatever the granularity
 * @param selector into the GDT
 * @param type as in the descriptor
 * @param present 1
 * @param dpl privilege level
 * @param db 1 for 32-bit
 * @param s 1 for code and data, 0 for system segments
 * @param l 1 for 64-bit code
 * @param g 1 if the descriptor's limit counts pages
 */
public record SegmentState(
    long base,
    int limit,
    int selector,
    int type,
    int present,
    int dpl,
    int db,
    int s,
    int l,
    int g) {}
