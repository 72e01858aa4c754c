/** The targets that need nothing but public classes. */
package dev.rekindle.fuzz.targets;
