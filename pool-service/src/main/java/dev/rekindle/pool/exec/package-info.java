/** What a client may ask to be run, and the collection of its output. */
package dev.rekindle.pool.exec;
