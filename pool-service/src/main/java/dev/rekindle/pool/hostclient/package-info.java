/**
 * The service's side of one host process: {@link dev.rekindle.pool.hostclient.HostProcess} is its
 * life, begun by a {@link dev.rekindle.pool.hostclient.HostLauncher}; {@link
 * dev.rekindle.pool.hostclient.HostClient} speaks {@code docs/host-protocol.md} with it, {@link
 * dev.rekindle.pool.hostclient.HostExec} is one command. Everything on one event loop. Several
 * processes are of package {@code fleet}.
 */
package dev.rekindle.pool.hostclient;
