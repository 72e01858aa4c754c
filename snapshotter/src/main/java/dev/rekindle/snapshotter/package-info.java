/** Root package of the {@code snapshotter} module; see {@code docs/design.md}, Layout. */
package dev.rekindle.snapshotter;
