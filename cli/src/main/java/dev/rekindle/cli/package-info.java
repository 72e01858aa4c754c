/** Root package of the {@code cli} module; see {@code docs/design.md}, Layout. */
package dev.rekindle.cli;
