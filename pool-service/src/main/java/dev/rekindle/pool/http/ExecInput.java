package dev.rekindle.pool.http;

import dev.rekindle.pool.error.ErrorCode;
import dev.rekindle.pool.error.ServiceException;
import dev.rekindle.pool.exec.ExecBody;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.parsetools.RecordParser;
import io.vertx.ext.web.RoutingContext;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/**
 * The body of a request to run a command: one JSON object; or, as {@code application/x-ndjson},
 * that object on the first line and standard input on those that follow. Reads no further than the
 * command takes it.
 */
final class ExecInput {
  private static final int MAX_BODY_BYTES = 8 << 20;
  private static final long MAX_STDIN_QUEUED = 256 * 1024;

  record StdinLine(String stdin, String stdinBase64) {
    byte[] bytes() {
      if (stdin != null) {
        return stdin.getBytes(StandardCharsets.UTF_8);
      }
      return stdinBase64 == null ? new byte[0] : Base64.getDecoder().decode(stdinBase64);
    }
  }

  private final HttpServerRequest request;
  private final boolean lines;
  private final Promise<byte[]> first = Promise.promise();
  private final Buffer whole = Buffer.buffer();
  private final List<Buffer> early = new ArrayList<>();
  private ExecRun run;
  private ServiceException broken;
  private boolean atEnd;

  ExecInput(RoutingContext context) {
    request = context.request();
    String type = request.getHeader("Content-Type");
    lines = type != null && type.startsWith(Replies.NDJSON);
    if (lines) {
      RecordParser parser = RecordParser.newDelimited("\n", this::line);
      parser.maxRecordSize(MAX_BODY_BYTES);
      parser.exceptionHandler(_ -> fail(tooLarge()));
      request.handler(parser::handle);
    } else {
      request.handler(this::part);
    }
    request.exceptionHandler(this::fail);
    request.endHandler(_ -> end());
  }

  /**
   * @return the request itself
   */
  Future<byte[]> first() {
    return first.future();
  }

  private static ServiceException tooLarge() {
    return new ServiceException(
        ErrorCode.REQUEST_TOO_LARGE, "the body must have at most " + MAX_BODY_BYTES + " bytes");
  }

  private void fail(Throwable e) {
    // Once the request itself was read a client that is gone is noticed by the answer's end.
    if (!first.tryFail(e) && e instanceof ServiceException wrong && broken == null) {
      broken = wrong;
      if (run != null) {
        run.abort(wrong);
      }
    }
  }

  private void part(Buffer buffer) {
    if (whole.length() + buffer.length() > MAX_BODY_BYTES) {
      fail(tooLarge());
    } else {
      whole.appendBuffer(buffer);
    }
  }

  private void line(Buffer line) {
    if (first.tryComplete(line.getBytes())) {
      request.pause();
    } else if (run == null) {
      // Pausing the request holds back no lines of a chunk that is being cut already.
      early.add(line);
    } else if (broken == null) {
      stdin(line);
    }
  }

  private void stdin(Buffer line) {
    try {
      run.exec().stdin(Json.read(line.getBytes(), StdinLine.class).bytes());
    } catch (ServiceException e) {
      fail(e);
    } catch (IllegalArgumentException e) {
      fail(new ServiceException(ErrorCode.REQUEST_INVALID, "stdinBase64: " + e.getMessage()));
    }
    if (run.exec().stdinQueued() > MAX_STDIN_QUEUED) {
      request.pause();
    }
  }

  private void end() {
    atEnd = true;
    first.tryComplete(whole.getBytes());
    if (run != null && lines) {
      run.exec().stdinEof();
    }
  }

  private void goOn() {
    if (!atEnd) {
      request.resume();
    }
  }

  /** Connects what follows to the command's standard input. */
  void feed(ExecRun started, ExecBody body) {
    run = started;
    if (broken != null) {
      run.abort(broken);
      return;
    }
    byte[] given = body.input();
    if (given != null) {
      run.exec().stdin(given);
    }
    early.forEach(this::line);
    early.clear();
    if (!lines || atEnd) {
      run.exec().stdinEof();
    } else {
      run.exec().onStdinDrained(this::goOn);
      goOn();
    }
  }
}
