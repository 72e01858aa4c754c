/** Root package of the {@code bench} module; see {@code docs/design.md}, Layout. */
package dev.rekindle.bench;
