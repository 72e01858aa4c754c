/**
 * Who may do what: {@link dev.rekindle.pool.auth.ApiKeys} has the API keys, whose secrets are kept
 * as hashes only, {@link dev.rekindle.pool.auth.Grant} is what one request may do. Depends on the
 * errors alone. Everything on one event loop; files are written elsewhere.
 */
package dev.rekindle.pool.auth;
