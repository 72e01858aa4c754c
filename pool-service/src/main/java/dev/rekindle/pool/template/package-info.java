/**
 * Templates as the service knows them: {@link dev.rekindle.pool.template.TemplateCatalog} has what
 * can be leased and which snapshots are in use, {@link dev.rekindle.pool.template.TemplateBuilder}
 * runs builds, each in a process of its own.
 */
package dev.rekindle.pool.template;
