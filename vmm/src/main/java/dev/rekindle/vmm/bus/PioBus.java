package dev.rekindle.vmm.bus;

/** The devices' ports, {@code [0, 0xFFFF]}. */
public final class PioBus extends AddressSpace {}
