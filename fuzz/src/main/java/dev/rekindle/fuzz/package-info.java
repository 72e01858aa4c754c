/**
 * Coverage-guided fuzzing of what takes bytes from outside: parsers, and the devices a guest writes
 * to. Way in: {@link dev.rekindle.fuzz.FuzzTarget}; {@code docs/fuzzing.md} says how it is run.
 * Depends on every other module and none depends on it. A target of a class that is not public lies
 * in that class's package.
 */
package dev.rekindle.fuzz;
