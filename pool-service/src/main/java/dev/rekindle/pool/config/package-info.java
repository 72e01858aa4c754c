/** The service's configuration, read from the command line and the environment. */
package dev.rekindle.pool.config;
