package dev.rekindle.cli.doctor;

/**
 * What a check found.
 *
 * @param check its name, stable
 * @param level how bad it is
 * @param found the value there
 * @param why it matters
 * @param fix what to do; empty if there is nothing to
 */
public record Finding(String check, Level level, String found, String why, String fix) {}
