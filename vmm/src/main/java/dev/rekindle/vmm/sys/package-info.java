/**
 * System calls and the owners of what they return. The only package that uses {@link
 * java.lang.foreign.Linker} or any other restricted method; everything above it works with {@link
 * java.lang.foreign.MemorySegment}s, file descriptors with an owner, and {@link
 * dev.rekindle.vmm.sys.ErrnoException}.
 */
package dev.rekindle.vmm.sys;
