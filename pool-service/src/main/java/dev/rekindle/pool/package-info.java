/** Root package of the {@code pool-service} module; see {@code docs/design.md}, Layout. */
package dev.rekindle.pool;
