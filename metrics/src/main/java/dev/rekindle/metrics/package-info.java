/** Root package of the {@code metrics} module; see {@code docs/design.md}, Layout. */
package dev.rekindle.metrics;
