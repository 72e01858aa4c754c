package dev.rekindle.vmm.bus;

/** The devices' memory windows, by guest-physical address. */
public final class MmioBus extends AddressSpace {}
