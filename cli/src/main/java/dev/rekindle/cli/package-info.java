/**
 * The command line: a client of the HTTP API ({@link dev.rekindle.cli.ApiClient}) and the starter
 * of the service ({@link dev.rekindle.cli.Service}), here or in the lab. Links nothing of the
 * monitor.
 */
package dev.rekindle.cli;
