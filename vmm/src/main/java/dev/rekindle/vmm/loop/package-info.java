/**
 * The device loop: one epoll thread on which every device of a process works. Depends on {@code
 * sys} only.
 */
package dev.rekindle.vmm.loop;
