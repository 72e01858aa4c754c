/**
 * The guest's agent as sandboxes and template builds see it. Way in: {@link
 * dev.rekindle.snapshotter.agent.GuestAgent}. Interfaces, so that everything above them is tested
 * without a guest; depends on the monitor's agent client and on the records of the host protocol.
 */
package dev.rekindle.snapshotter.agent;
