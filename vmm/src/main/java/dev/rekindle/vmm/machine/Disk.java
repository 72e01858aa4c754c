package dev.rekindle.vmm.machine;

import java.nio.file.Path;

/**
 * The file behind a {@link DeviceSlot.Block}.
 *
 * @param image raw contents
 * @param readOnly must be the slot's
 */
public record Disk(Path image, boolean readOnly) {}
