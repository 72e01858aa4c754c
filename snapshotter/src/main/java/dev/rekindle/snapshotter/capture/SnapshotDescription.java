package dev.rekindle.snapshotter.capture;

import dev.rekindle.snapshotter.format.Manifest;

/**
 * What a snapshot says of itself beside what is read from the VM.
 *
 * @param snapshotId the directory's name
 * @param template what it is made for
 * @param creator program and version
 * @param images what was booted and which disks are needed again
 * @param cpu what the guest was told about its processor
 */
public record SnapshotDescription(
    String snapshotId,
    String template,
    String creator,
    Manifest.Images images,
    Manifest.CpuEntry cpu) {}
