/**
 * The service's side of a host process: {@link dev.rekindle.pool.hostclient.HostProcess} starts and
 * watches it, {@link dev.rekindle.pool.hostclient.HostClient} speaks {@code docs/host-protocol.md}
 * with it, {@link dev.rekindle.pool.hostclient.HostExec} is one command. Everything on one event
 * loop.
 */
package dev.rekindle.pool.hostclient;
