package dev.rekindle.snapshotter.template;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.rekindle.snapshotter.image.ImageBuilder;
import dev.rekindle.snapshotter.image.ImageException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;

/**
 * Images of recipes, cached under {@code <state>/images}. What was prepared for a recipe of
 * packages is remembered, so that a machine without apt, as the lab is, finds what the host
 * prepared. Needs no KVM.
 */
public final class TemplateImages {
  private static final ObjectMapper JSON = new ObjectMapper();

  private TemplateImages() {}

  /**
   * Finds or makes the images of a recipe. Blocks.
   *
   * @param recipe of the template
   * @param state directory
   * @param progress told of {@code kernel}, {@code initramfs} and {@code rootfs}
   * @return the images
   * @throws BuildException {@code image.*}, {@code kernel.*} or {@code template.canceled}
   */
  public static PreparedImages prepare(Recipe recipe, Path state, BuildProgress progress)
      throws BuildException {
    PreparedImages known = remembered(recipe, state);
    return known != null ? known : refresh(recipe, state, progress);
  }

  /**
   * As {@link #prepare}, but asks the package sources for newer versions first.
   *
   * @param recipe of the template
   * @param state directory
   * @param progress told of the stages
   * @return the images
   * @throws BuildException {@code image.*}, {@code kernel.*} or {@code template.canceled}
   */
  public static PreparedImages refresh(Recipe recipe, Path state, BuildProgress progress)
      throws BuildException {
    Path images = state.resolve("images");
    try {
      ImageBuilder builder = new ImageBuilder(state, progress::report);
      String digest =
          builder.build(
              kernel(recipe.kernel()),
              root(recipe.rootfs()),
              PreparedImages.KERNEL,
              PreparedImages.INITRAMFS,
              PreparedImages.ROOTFS);
      remember(recipe, state, digest);
      return PreparedImages.in(images, digest);
    } catch (ImageException e) {
      throw new BuildException(e.code(), e.getMessage(), null, e);
    } catch (IOException e) {
      throw new BuildException("image.io", "writing " + images + ": " + e, null, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new BuildException("template.canceled", "the build was interrupted", null, e);
    }
  }

  private static ImageBuilder.Kernel kernel(Recipe.KernelSource source) {
    return switch (source) {
      case Recipe.DebianKernel(String series) -> new ImageBuilder.Kernel.Package(series);
      case Recipe.KernelFile(Path path, Path modules) ->
          new ImageBuilder.Kernel.File(path, modules);
    };
  }

  private static ImageBuilder.Root root(Recipe.RootSource source) {
    return switch (source) {
      case Recipe.Packages(List<String> names) -> new ImageBuilder.Root.Packages(names);
      case Recipe.Tar(Path path) -> new ImageBuilder.Root.Tar(path);
      case Recipe.Directory(Path path) -> new ImageBuilder.Root.Directory(path);
      case Recipe.Busybox() -> new ImageBuilder.Root.Packages(List.of("busybox-static"));
    };
  }

  /** Files of this host may have changed, so only images made of nothing but packages count. */
  private static boolean isRemembered(Recipe recipe) {
    boolean rootOfPackages =
        switch (recipe.rootfs()) {
          case Recipe.Packages p -> true;
          case Recipe.Busybox b -> true;
          case Recipe.Tar t -> false;
          case Recipe.Directory d -> false;
        };
    return rootOfPackages && recipe.kernel() instanceof Recipe.DebianKernel;
  }

  private static PreparedImages remembered(Recipe recipe, Path state) throws BuildException {
    Path images = state.resolve("images");
    Path file = memory(recipe, images);
    if (!isRemembered(recipe) || !Files.isRegularFile(file)) {
      return null;
    }
    try {
      JsonNode json = JSON.readTree(file.toFile());
      String digest = json.path("digest").asText();
      boolean there =
          digest.matches("[0-9a-f]{32}")
              && json.path("agent").asText().equals(ImageBuilder.programDigest())
              && Files.isDirectory(images.resolve(digest));
      return there ? PreparedImages.in(images, digest) : null;
    } catch (IOException e) {
      throw new BuildException("image.io", "reading " + file + ": " + e, null, e);
    }
  }

  private static void remember(Recipe recipe, Path state, String digest) throws IOException {
    if (!isRemembered(recipe)) {
      return;
    }
    Path file = memory(recipe, state.resolve("images"));
    Files.createDirectories(file.getParent());
    ObjectNode json =
        JSON.createObjectNode().put("digest", digest).put("agent", ImageBuilder.programDigest());
    Path temporary = Files.createTempFile(file.getParent(), ".tmp-", ".json");
    try {
      JSON.writeValue(temporary.toFile(), json);
      Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(temporary);
    }
  }

  private static Path memory(Recipe recipe, Path images) {
    JsonNode json = recipe.toJson();
    String inputs = json.get("kernel") + " " + json.get("rootfs");
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256").digest(inputs.getBytes(StandardCharsets.UTF_8));
      String name = HexFormat.of().formatHex(digest).substring(0, 32);
      return images.resolve("recipes").resolve(name + ".json");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every JDK has SHA-256", e);
    }
  }
}
