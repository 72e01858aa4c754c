/**
 * The HTTP API, as {@code openapi.yaml} says. {@link dev.rekindle.pool.http.ApiServer} wires
 * routes; each family of routes is a class; every failure becomes a problem document at one place.
 */
package dev.rekindle.pool.http;
