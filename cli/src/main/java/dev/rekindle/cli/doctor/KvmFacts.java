package dev.rekindle.cli.doctor;

/**
 * What the KVM probe said.
 *
 * @param usable whether a guest ran
 * @param runsLinux whether it ran at a speed that only hardware has
 * @param instructionsPerSecond of that guest
 * @param problem why none ran; empty if one did
 */
public record KvmFacts(
    boolean usable, boolean runsLinux, long instructionsPerSecond, String problem) {}
