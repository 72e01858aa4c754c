package dev.rekindle.pool.hostclient;

import java.io.IOException;

/** Starts a host process as a child like any other. */
public final class PlainLauncher implements HostLauncher {
  @Override
  public Process launch(HostSpec spec) throws IOException {
    return new ProcessBuilder(spec.command())
        .redirectError(ProcessBuilder.Redirect.appendTo(spec.log().toFile()))
        .start();
  }
}
