/**
 * The protocol between the service and a host process, for both sides: {@code
 * docs/host-protocol.md}.
 *
 * <p>Way in: {@link dev.rekindle.snapshotter.host.protocol.FrameDecoder} and {@link
 * dev.rekindle.snapshotter.host.protocol.FrameEncoder} turn bytes into {@link
 * dev.rekindle.snapshotter.host.protocol.Frame}s and back, {@link
 * dev.rekindle.snapshotter.host.protocol.HostJson} their JSON into records and back. Depends on
 * Jackson only, never on the monitor. Nothing here does I/O or owns a resource; all but the decoder
 * is thread-safe.
 */
package dev.rekindle.snapshotter.host.protocol;
