package dev.rekindle.pool.jail;

/** The operator wants a whole jail and this machine has not all of it. */
public final class JailException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  JailException(Layer layer, Layer.State state) {
    super(
        "--jail always: no "
            + layer.label()
            + ": "
            + state.detail()
            + "; "
            + state.fix()
            + "; or --jail auto does without");
  }
}
