package dev.rekindle.snapshotter.host;

import dev.rekindle.snapshotter.host.protocol.HostEvent;
import dev.rekindle.snapshotter.host.protocol.HostException;
import dev.rekindle.snapshotter.host.protocol.HostProtocol;
import dev.rekindle.snapshotter.host.protocol.HostReply;
import dev.rekindle.snapshotter.host.protocol.HostRequest;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Serves the host protocol on a Unix socket. Owns the factory and every sandbox it made. */
public final class HostServer implements AutoCloseable, Executor {
  private static final Logger LOG = LoggerFactory.getLogger(HostServer.class);

  private final Path socket;
  private final SandboxFactory factory;
  private final ServerSocketChannel listener;
  private final SandboxRegistry registry = new SandboxRegistry();
  private final Set<HostConnection> connections = ConcurrentHashMap.newKeySet();
  private final ExecutorService workers =
      Executors.newCachedThreadPool(Thread.ofPlatform().name("host-work-", 0).factory());
  private final IdleWatch idle;
  private final AtomicBoolean closing = new AtomicBoolean();
  private final CountDownLatch closed = new CountDownLatch(1);
  private final Thread acceptor;

  private HostServer(
      Path socket, SandboxFactory factory, ServerSocketChannel listener, IdleWatch idle) {
    this.socket = socket;
    this.factory = factory;
    this.listener = listener;
    this.idle = idle;
    this.acceptor = Thread.ofPlatform().name("host-accept").unstarted(this::accept);
  }

  /**
   * Listens, from now on.
   *
   * @param socket path of the socket; a file left there by a dead process is replaced
   * @param factory where sandboxes come from; closed with the server, also if this fails
   * @return the server
   * @throws IOException if the socket cannot be made
   */
  public static HostServer start(Path socket, SandboxFactory factory) throws IOException {
    return start(
        socket,
        factory,
        new IdleWatch(
            Duration.ofSeconds(HostProtocol.FIRST_CONNECT_SECONDS),
            Duration.ofSeconds(HostProtocol.RECONNECT_SECONDS)));
  }

  static HostServer start(Path socket, SandboxFactory factory, IdleWatch idle) throws IOException {
    ServerSocketChannel listener = null;
    try {
      Files.deleteIfExists(socket);
      listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
      listener.bind(UnixDomainSocketAddress.of(socket));
      Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-------"));
      HostServer server = new HostServer(socket, factory, listener, idle);
      server.acceptor.start();
      return server;
    } catch (IOException | RuntimeException e) {
      if (listener != null) {
        listener.close();
      }
      factory.close();
      throw e;
    }
  }

  /**
   * Returns when the server should stop because nobody is connected any more, or was stopped.
   *
   * @throws InterruptedException if the thread is interrupted
   */
  public void awaitAbandoned() throws InterruptedException {
    idle.awaitExpired();
  }

  /**
   * Stops: no more connections, every sandbox closed, the factory closed, the socket file removed.
   * Returns when all that is done, whoever began it.
   */
  @Override
  public void close() {
    if (!closing.compareAndSet(false, true)) {
      awaitUninterruptibly(closed);
      return;
    }
    try {
      closeQuietly(listener);
      idle.expire();
      connections.forEach(HostConnection::close);
      registry.close().parallelStream().forEach(HostServer::closeLogged);
      workers.close();
      // An acquire that was under way found the registry closed and closed its sandbox itself.
      factory.close();
      Files.deleteIfExists(socket);
    } catch (IOException e) {
      LOG.warn("removing {}", socket, e);
    } finally {
      closed.countDown();
    }
  }

  /** Runs work that may block. */
  @Override
  public void execute(Runnable work) {
    workers.execute(work);
  }

  SandboxRegistry registry() {
    return registry;
  }

  HostReply hello() {
    return new HostReply.Hello(
        ProcessHandle.current().pid(),
        HostProtocol.VERSION,
        new HostReply.KvmKind(factory.runsNatively()),
        registry.ids());
  }

  HostReply acquire(HostRequest.Acquire request) throws HostException {
    String id = request.sandboxId();
    registry.reserve(id);
    SandboxFactory.Acquired acquired;
    try {
      acquired = factory.acquire(request);
    } catch (HostException | RuntimeException e) {
      registry.unreserve(id);
      throw e;
    }
    Sandbox sandbox = acquired.sandbox();
    try {
      registry.add(id, sandbox);
    } catch (HostException e) {
      sandbox.close();
      throw e;
    }
    sandbox.exited().thenAccept(exit -> workers.execute(() -> exited(id, sandbox, exit)));
    return new HostReply.Acquire(acquired.served(), acquired.stagesMicros());
  }

  HostReply release(String sandboxId) throws HostException {
    HostException reason = new HostException("sandbox.released", sandboxId + " was released");
    registry.remove(sandboxId, reason).close();
    return new HostReply.Release();
  }

  HostReply pool(HostRequest.Pool request) throws HostException {
    factory.pool(request);
    return new HostReply.Pool();
  }

  HostReply stats() throws IOException {
    ProcessStats stats = ProcessStats.read();
    return new HostReply.Stats(
        registry.ids().size(),
        factory.shells(),
        factory.parked(),
        stats.rssBytes(),
        stats.pssBytes(),
        stats.mappings(),
        stats.fds(),
        stats.threads(),
        factory.pools());
  }

  private void exited(String id, Sandbox sandbox, Sandbox.Exit exit) {
    HostException reason =
        new HostException(
            "sandbox.exited", id + " stopped: " + exit.reason(), exit.consoleTail(), null);
    if (!registry.remove(id, sandbox, reason)) {
      return;
    }
    LOG.warn("sandbox {} stopped by itself: {}", id, exit.reason());
    closeLogged(sandbox);
    HostEvent.SandboxExited event =
        new HostEvent.SandboxExited(id, exit.reason(), exit.consoleTail());
    connections.forEach(connection -> connection.send(event));
  }

  private void accept() {
    try {
      while (true) {
        SocketChannel channel = listener.accept();
        HostConnection connection = new HostConnection(this, channel);
        connections.add(connection);
        idle.connected();
        Thread.ofPlatform().name("host-write").start(connection::write);
        Thread.ofPlatform().name("host-read").start(() -> serve(connection));
        if (closing.get()) {
          connection.close();
        }
      }
    } catch (ClosedChannelException e) {
      LOG.debug("listener closed");
    } catch (IOException e) {
      LOG.error("accepting connections", e);
      idle.expire();
    }
  }

  private void serve(HostConnection connection) {
    try {
      connection.read();
    } finally {
      connections.remove(connection);
      idle.disconnected();
    }
  }

  private static void closeLogged(Sandbox sandbox) {
    try {
      sandbox.close();
    } catch (RuntimeException e) {
      LOG.error("closing a sandbox", e);
    }
  }

  private static void closeQuietly(ServerSocketChannel channel) {
    try {
      channel.close();
    } catch (IOException e) {
      LOG.warn("closing the listener", e);
    }
  }

  private static void awaitUninterruptibly(CountDownLatch latch) {
    boolean interrupted = false;
    while (true) {
      try {
        latch.await();
        break;
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
