package dev.rekindle.fuzz;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxy;
import ch.qos.logback.core.AppenderBase;
import java.util.concurrent.atomic.AtomicReference;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Devices and loops log what they did not expect and go on: here that is a finding. Installed once
 * in a process, in place of every other log.
 */
final class ErrorLog extends AppenderBase<ILoggingEvent> {
  private static final ErrorLog INSTANCE = install();

  private final AtomicReference<ILoggingEvent> first = new AtomicReference<>();

  private static ErrorLog install() {
    ErrorLog log = new ErrorLog();
    LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();
    context.reset();
    log.setContext(context);
    log.start();
    ch.qos.logback.classic.Logger root = context.getLogger(Logger.ROOT_LOGGER_NAME);
    root.setLevel(Level.ERROR);
    root.addAppender(log);
    return log;
  }

  /** Forgets what was logged. */
  static void clear() {
    INSTANCE.first.set(null);
  }

  /**
   * @throws AssertionError if there was an error since {@link #clear}
   */
  static void requireNone() {
    ILoggingEvent event = INSTANCE.first.get();
    if (event != null) {
      Throwable cause =
          event.getThrowableProxy() instanceof ThrowableProxy p ? p.getThrowable() : null;
      throw new AssertionError("logged: " + event.getFormattedMessage(), cause);
    }
  }

  @Override
  protected void append(ILoggingEvent event) {
    first.compareAndSet(null, event);
  }
}
