package dev.rekindle.snapshotter.template;

import com.fasterxml.jackson.databind.JsonNode;

/**
 * A template and its current snapshot, as {@code <state>/templates/<name>.json} holds it.
 *
 * @param name see {@link TemplateName}
 * @param recipe as it was given
 * @param snapshotId directory under {@code <state>/snapshots}
 * @param generation 1 for the first build, one more with each
 * @param createdAt of this generation; ISO 8601, UTC
 */
public record Template(
    String name, JsonNode recipe, String snapshotId, int generation, String createdAt) {}
