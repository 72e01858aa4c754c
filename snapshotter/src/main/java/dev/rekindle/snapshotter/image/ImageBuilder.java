package dev.rekindle.snapshotter.image;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.slf4j.LoggerFactory;

/**
 * Makes kernel, initramfs and root image once for each set of inputs. A result appears under its
 * digest in one step, complete and synced, or not at all. Blocks; thread: any, one at a time.
 */
public final class ImageBuilder {
  /** Hears how far it is. */
  public interface Listener {
    /**
     * @param stage {@code kernel}, {@code initramfs} or {@code rootfs}
     * @param percent of the stage
     * @param message for a person
     */
    void report(String stage, int percent, String message);
  }

  /** Where a kernel comes from. */
  public sealed interface Kernel {
    /**
     * @param series like {@code 6.12}
     */
    record Package(String series) implements Kernel {}

    /**
     * @param image bzImage or ELF vmlinux
     * @param modules its modules' directory, or null
     */
    record File(Path image, Path modules) implements Kernel {}
  }

  /** Where a root comes from. */
  public sealed interface Root {
    /**
     * @param names busybox comes with them
     */
    record Packages(List<String> names) implements Root {}

    /**
     * @param path plain, gzip or xz
     */
    record Tar(Path path) implements Root {}

    /**
     * @param path of a tree
     */
    record Directory(Path path) implements Root {}
  }

  private static final String BUSYBOX = "busybox-static";

  private final Path images;
  private final Path packagesDirectory;
  private final Listener listener;

  /**
   * @param state directory; {@code images} and {@code packages} are used in it
   * @param listener told of the stages
   */
  public ImageBuilder(Path state, Listener listener) {
    images = state.toAbsolutePath().normalize().resolve("images");
    packagesDirectory = images.resolveSibling("packages");
    this.listener = listener;
  }

  /**
   * Makes the images, or finds them made.
   *
   * @param kernel of the guest
   * @param root of the guest
   * @param kernelName file name for the kernel
   * @param initramfsName file name for the initramfs
   * @param rootName file name for the root image
   * @return the digest, name of the directory under {@code images}
   * @throws ImageException {@code image.*} or {@code kernel.*}; nothing half made is left behind
   * @throws InterruptedException if the thread was interrupted; nothing is left behind either
   */
  public String build(
      Kernel kernel, Root root, String kernelName, String initramfsName, String rootName)
      throws ImageException, InterruptedException {
    try {
      Files.createDirectories(images);
    } catch (IOException e) {
      throw Failures.writing(images, e);
    }
    Path work = null;
    // Two builders at once would fetch the same archives into the same files.
    try (FileChannel lock =
        FileChannel.open(
            images.resolve(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      lock.lock();
      removeLeftovers();
      DebianPackages packages = new DebianPackages(packagesDirectory);
      ImageInputs inputs = new ImageInputs();
      List<String> names = rootPackages(root);
      List<String> closure = names.isEmpty() ? List.of() : closure(packages, names);
      describe(root, closure, inputs);
      Path kernelArchive = describe(kernel, packages, inputs);
      String digest = inputs.digest();
      if (Files.isDirectory(images.resolve(digest))) {
        listener.report("rootfs", 100, "found " + digest);
        return digest;
      }
      work = Files.createTempDirectory(images, ".tmp-");
      Path out = Files.createDirectory(work.resolve("out"));
      kernelAndInitramfs(kernel, kernelArchive, work, out, kernelName, initramfsName);
      rootImage(root, names, closure, packages, work, out.resolve(rootName));
      publish(out, images.resolve(digest));
      return digest;
    } catch (IOException e) {
      throw Failures.writing(images, e);
    } finally {
      if (work != null) {
        removeQuietly(work);
      }
    }
  }

  /**
   * Changes with the agent and with how images are made.
   *
   * @return a digest
   */
  public static String programDigest() {
    return new ImageInputs().digest();
  }

  private static List<String> rootPackages(Root root) {
    if (!(root instanceof Root.Packages packages)) {
      return List.of();
    }
    List<String> names = new ArrayList<>(packages.names());
    if (!names.contains(BUSYBOX)) {
      names.add(BUSYBOX);
    }
    return names;
  }

  private List<String> closure(DebianPackages packages, List<String> names)
      throws ImageException, InterruptedException {
    listener.report("rootfs", 0, "asking apt what " + String.join(" ", names) + " needs");
    return packages.closure(names);
  }

  private static void describe(Root root, List<String> closure, ImageInputs inputs)
      throws ImageException {
    switch (root) {
      case Root.Packages packages -> inputs.texts(closure);
      case Root.Tar(Path path) -> {
        try {
          requireReadable(path, Files.isRegularFile(path));
          inputs.file(path);
        } catch (IOException e) {
          throw Failures.reading("image.tar_unreadable", path, e);
        }
      }
      case Root.Directory(Path path) -> {
        try {
          requireReadable(path, Files.isDirectory(path));
          inputs.tree(path);
        } catch (IOException | UncheckedIOException e) {
          IOException cause = e instanceof UncheckedIOException u ? u.getCause() : (IOException) e;
          throw Failures.reading("image.directory_unreadable", path, cause);
        }
      }
    }
  }

  private Path describe(Kernel kernel, DebianPackages packages, ImageInputs inputs)
      throws ImageException, InterruptedException {
    switch (kernel) {
      case Kernel.Package(String series) -> {
        String name = KernelFiles.newestPackage(packages, series);
        listener.report("kernel", 0, "fetching " + name);
        Path archive = packages.fetchAlone(name);
        inputs.text(archive.getFileName().toString());
        return archive;
      }
      case Kernel.File(Path image, Path modules) -> {
        try {
          requireReadable(image, Files.isRegularFile(image));
          inputs.file(image);
          inputs.text(modules == null ? "" : modules.toString());
        } catch (IOException e) {
          throw Failures.reading("kernel.unreadable", image, e);
        }
        return null;
      }
    }
  }

  private static void requireReadable(Path path, boolean rightKind) throws IOException {
    if (!rightKind) {
      throw new NoSuchFileException(
          path.toString(),
          null,
          Files.exists(path) ? "it is of the wrong kind" : "it does not exist");
    }
  }

  private void kernelAndInitramfs(
      Kernel kernel, Path archive, Path work, Path out, String kernelName, String initramfsName)
      throws IOException, ImageException, InterruptedException {
    KernelFiles files =
        switch (kernel) {
          case Kernel.Package p ->
              KernelFiles.unpack(archive, Files.createDirectory(work.resolve("kernel")));
          case Kernel.File(Path image, Path modules) -> new KernelFiles(image, modules);
        };
    Files.copy(files.image(), out.resolve(kernelName), StandardCopyOption.REPLACE_EXISTING);
    listener.report("kernel", 100, files.image().getFileName().toString());
    listener.report("initramfs", 0, "compiling the agent");
    Path agent = AgentProgram.compile(Files.createDirectory(work.resolve("agent")), List.of());
    KernelModules modules = new KernelModules(files.modules());
    modules.add(Initramfs.MODULES);
    Initramfs.write(out.resolve(initramfsName), agent, modules.inLoadOrder());
    listener.report("initramfs", 100, modules.inLoadOrder().size() + " modules");
  }

  private void rootImage(
      Root root,
      List<String> names,
      List<String> closure,
      DebianPackages packages,
      Path work,
      Path image)
      throws IOException, ImageException, InterruptedException {
    Path tree = Files.createDirectory(work.resolve("root"));
    Files.setPosixFilePermissions(tree, PosixFilePermissions.fromString("rwxr-xr-x"));
    switch (root) {
      case Root.Packages p -> {
        listener.report("rootfs", 10, "fetching " + closure.size() + " packages");
        List<Path> archives = packages.fetch(names, closure);
        listener.report("rootfs", 50, "unpacking");
        RootImage.fromPackages(archives, tree);
      }
      case Root.Tar(Path path) -> {
        listener.report("rootfs", 10, "unpacking " + path.getFileName());
        long skipped = RootImage.fromTar(path, tree);
        if (skipped > 0) {
          listener.report("rootfs", 50, skipped + " device nodes left out");
        }
      }
      case Root.Directory(Path path) -> tree = path;
    }
    listener.report("rootfs", 80, "packing");
    RootImage.pack(tree, image);
    listener.report("rootfs", 100, Files.size(image) / (1 << 20) + " MiB");
  }

  private static void publish(Path out, Path target) throws IOException {
    try (Stream<Path> files = Files.list(out)) {
      for (Path file : (Iterable<Path>) files::iterator) {
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("r--r--r--"));
        sync(file);
      }
    }
    sync(out);
    try {
      Files.move(out, target, StandardCopyOption.ATOMIC_MOVE);
    } catch (AtomicMoveNotSupportedException e) {
      throw new IOException("images cannot be moved into place: " + e, e);
    }
    sync(target.getParent());
  }

  private static void sync(Path path) throws IOException {
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  /** What a builder that was killed left; the lock says none is at work. */
  private void removeLeftovers() throws IOException {
    try (Stream<Path> files = Files.list(images)) {
      files
          .filter(file -> file.getFileName().toString().startsWith(".tmp-"))
          .toList()
          .forEach(ImageBuilder::removeQuietly);
    }
  }

  private static void removeQuietly(Path root) {
    try {
      Files.walkFileTree(
          root,
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path dir, BasicFileAttributes facts)
                throws IOException {
              // A directory of an archive may be closed to its owner.
              Files.setAttribute(dir, "unix:mode", 0700, LinkOption.NOFOLLOW_LINKS);
              return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes facts)
                throws IOException {
              Files.delete(file);
              return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path dir, IOException failure)
                throws IOException {
              Files.delete(dir);
              return FileVisitResult.CONTINUE;
            }
          });
    } catch (IOException e) {
      // Left for the next build, which begins by removing leftovers.
      LoggerFactory.getLogger(ImageBuilder.class).warn("cannot remove {}: {}", root, e);
    }
  }
}
