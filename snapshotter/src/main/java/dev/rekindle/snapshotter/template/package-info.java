/**
 * Templates: from a recipe to a published snapshot. Way in: {@link
 * dev.rekindle.snapshotter.template.TemplateStore} for what there is, {@code BuilderMain} to build.
 * Images are content-addressed under {@code <state>/images}; a template's file is replaced by
 * rename.
 */
package dev.rekindle.snapshotter.template;
