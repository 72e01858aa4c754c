/**
 * The socket device; virtio 1.2, section 5.10. Connections live in this process: {@link
 * dev.rekindle.vmm.virtio.vsock.VsockDevice#connect} reaches a port of the guest, {@link
 * dev.rekindle.vmm.virtio.vsock.VsockDevice#listen} is reached by it. All callbacks come on the
 * device loop.
 */
package dev.rekindle.vmm.virtio.vsock;
