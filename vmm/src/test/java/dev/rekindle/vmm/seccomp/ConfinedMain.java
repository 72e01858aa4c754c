package dev.rekindle.vmm.seccomp;

import dev.rekindle.vmm.abi.kvm.KvmIoctls;
import dev.rekindle.vmm.sys.ErrnoException;
import dev.rekindle.vmm.sys.EventFd;
import dev.rekindle.vmm.sys.IoctlRequest;
import dev.rekindle.vmm.sys.Syscalls;
import java.io.FileOutputStream;
import java.nio.channels.FileChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Does one thing on one kind of thread, under the filters: {@code MODE KIND ACTION}. Prints {@code
 * done ...} if it lives.
 */
final class ConfinedMain {
  private ConfinedMain() {}

  /** Something that a filter has an opinion about. */
  private interface Action {
    String run() throws Exception;
  }

  /**
   * @param args see above
   */
  public static void main(String... args) throws Exception {
    ThreadFilters filters = ThreadFilters.load(SeccompMode.parse(args[0]));
    ThreadKind kind = ThreadKind.valueOf(args[1]);
    Action action = action(args[2]);
    filters.confineProcess();
    Thread thread =
        Thread.ofPlatform()
            .start(() -> {
              if (kind != ThreadKind.PROCESS) {
                filters.confineThread(kind);
              }
              try {
                System.out.println("done " + action.run());
              } catch (Exception e) {
                System.out.println("done " + e);
              }
            });
    thread.join();
    // What one thread may not, another may.
    System.out.println("main " + Files.isReadable(Path.of("/proc/self/status")));
  }

  private static Action action(String name) {
    EventFd fd = new EventFd();
    return switch (name) {
      case "nothing" ->
          () -> {
            // Allocates enough for a collection, and locks.
            int sum = 0;
            for (int i = 0; i < 2_000; i++) {
              sum += new byte[1 << 16].length >>> 16;
            }
            Thread.sleep(1);
            return "nothing " + sum;
          };
      case "run-a-program" -> () -> "ran " + new ProcessBuilder("/bin/true").start().waitFor();
      case "write-a-file" ->
          () -> "opened " + FileChannel.open(Path.of("/dev/null"), StandardOpenOption.WRITE);
      case "make-a-file" -> () -> "made " + new FileOutputStream("/dev/null");
      case "make-a-link" ->
          () -> "linked " + Files.createSymbolicLink(Path.of("/no/such"), Path.of("x"));
      case "make-a-thread" ->
          () -> {
            Thread made = Thread.ofPlatform().start(() -> {});
            made.join();
            return "made " + made;
          };
      case "use-the-internet" -> () -> "opened " + SocketChannel.open();
      case "kvm-run" -> () -> ioctl(fd, KvmIoctls.RUN);
      case "kvm-create-vm" -> () -> ioctl(fd, KvmIoctls.CREATE_VM);
      case "other-ioctl" -> () -> ioctl(fd, IoctlRequest.none("TIOCSTI", 0x54, 0x12));
      default -> throw new IllegalArgumentException(name);
    };
  }

  /** On a descriptor that is not KVM's, so that only the filter cares which request it is. */
  private static String ioctl(EventFd fd, IoctlRequest request) {
    try {
      return "returned " + Syscalls.ioctl(fd.fd(), request, 0);
    } catch (ErrnoException e) {
      return e.getMessage();
    }
  }
}
