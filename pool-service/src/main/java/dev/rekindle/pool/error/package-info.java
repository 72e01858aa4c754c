/** The service's errors: a catalogue of stable codes and the exception that carries one. */
package dev.rekindle.pool.error;
