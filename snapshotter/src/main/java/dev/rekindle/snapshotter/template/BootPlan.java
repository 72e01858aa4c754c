package dev.rekindle.snapshotter.template;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * What a template is built from, once its images are there.
 *
 * @param kernel bzImage or vmlinux
 * @param initramfs with the agent and the modules it loads
 * @param rootfs read-only image, {@code <state>/images/<digest>/<file>}
 * @param digest the directory of the images
 * @param memoryBytes of the VM
 * @param vcpuCount of the VM
 * @param kernelArguments after the defaults
 * @param warmup commands to run before the snapshot
 * @param bootTimeout until the agent must have answered
 */
public record BootPlan(
    Path kernel,
    Path initramfs,
    Path rootfs,
    String digest,
    long memoryBytes,
    int vcpuCount,
    String kernelArguments,
    List<List<String>> warmup,
    Duration bootTimeout) {}
