/**
 * The jail around each host process: identity, namespaces, limits, control group, system call
 * filters. Way in: {@link dev.rekindle.pool.jail.Jail#build} looks once at what this machine has,
 * {@link dev.rekindle.pool.jail.JailLauncher} starts processes in it. Everything is done by
 * existing programs (bubblewrap, setpriv, prlimit) and by writing files; nothing here is native.
 * What each layer is good for: {@code docs/threat-model.md}.
 */
package dev.rekindle.pool.jail;
