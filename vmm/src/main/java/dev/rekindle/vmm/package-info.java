/** Root package of the {@code vmm} module; see {@code docs/design.md}, Layout. */
package dev.rekindle.vmm;
