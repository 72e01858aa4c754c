/**
 * The host process: a JVM that owns VMs and serves {@code docs/host-protocol.md} on a Unix socket.
 * Way in: {@code HostMain}, which only wires; {@link dev.rekindle.snapshotter.host.HostServer}
 * serves whatever {@link dev.rekindle.snapshotter.host.SandboxFactory} it is given, so that it runs
 * in tests without /dev/kvm.
 *
 * <p>Threads: a platform thread reading and one writing for each connection; the device loop, which
 * calls exec observers and must never block; a pool of platform threads for what takes system calls
 * that block (acquire, release, stats), since a virtual thread would hold its carrier in them.
 */
package dev.rekindle.snapshotter.host;
