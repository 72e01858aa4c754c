package dev.rekindle.snapshotter.template;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class TemplateImagesTest {
  private static final BuildProgress SILENT = (stage, percent, message) -> {};

  @TempDir Path directory;
  private Path kernel;
  private Path tree;
  private Path state;

  @BeforeEach
  void inputs() throws IOException {
    kernel = Files.writeString(directory.resolve("vmlinuz"), "a kernel");
    tree = Files.createDirectories(directory.resolve("tree/bin")).getParent();
    Files.writeString(tree.resolve("bin/sh"), "a shell");
    state = directory.resolve("state");
  }

  @Test
  void shouldMakeAllThreeFiles() throws Exception {
    PreparedImages images = TemplateImages.prepare(recipe(kernel, tree), state, SILENT);

    assertThat(images.kernel()).hasContent("a kernel");
    assertThat(images.initramfs()).isNotEmptyFile();
    assertThat(images.rootfs()).isNotEmptyFile().hasParent(images.kernel().getParent());
    assertThat(images.rootfs().getParent()).hasFileName(images.digest());
  }

  @Test
  void shouldFindWhatIsMade() throws Exception {
    PreparedImages first = TemplateImages.prepare(recipe(kernel, tree), state, SILENT);
    Object made = Files.getLastModifiedTime(first.rootfs());

    PreparedImages second = TemplateImages.prepare(recipe(kernel, tree), state, SILENT);

    assertThat(second).isEqualTo(first);
    assertThat(Files.getLastModifiedTime(second.rootfs())).isEqualTo(made);
  }

  @Test
  void shouldMakeOthersWhenTheTreeChanges() throws Exception {
    PreparedImages first = TemplateImages.prepare(recipe(kernel, tree), state, SILENT);

    Files.writeString(tree.resolve("bin/more"), "more");
    PreparedImages second = TemplateImages.prepare(recipe(kernel, tree), state, SILENT);

    assertThat(second.digest()).isNotEqualTo(first.digest());
    assertThat(first.rootfs()).exists();
  }

  @Test
  void shouldMakeEqualImagesOfEqualInputs() throws Exception {
    PreparedImages one = TemplateImages.prepare(recipe(kernel, tree), state, SILENT);
    PreparedImages two =
        TemplateImages.prepare(recipe(kernel, tree), directory.resolve("other"), SILENT);

    assertThat(two.rootfs()).hasSameBinaryContentAs(one.rootfs());
    assertThat(two.initramfs()).hasSameBinaryContentAs(one.initramfs());
  }

  @Test
  void shouldNameWhatIsMissing() {
    assertFails(recipe(directory.resolve("none"), tree), "kernel.unreadable");
    assertFails(recipe(tree, tree), "kernel.unreadable");
    assertFails(recipe(kernel, directory.resolve("none")), "image.directory_unreadable");
    assertFails(recipe(kernel, kernel), "image.directory_unreadable");
    assertFails(tarRecipe(directory.resolve("none")), "image.tar_unreadable");
  }

  @Test
  void shouldRefuseTarThatIsNone() throws Exception {
    byte[] noise = new byte[5000];
    new java.util.Random(1).nextBytes(noise);
    Path tar = Files.write(directory.resolve("noise.tar"), noise);

    assertFails(tarRecipe(tar), "image.tar_unreadable");
  }

  @Test
  void shouldRemoveWhatAKilledBuildLeft() throws Exception {
    Path leftover = Files.createDirectories(state.resolve("images/.tmp-123/root/etc"));

    TemplateImages.prepare(recipe(kernel, tree), state, SILENT);

    assertThat(leftover).doesNotExist();
  }

  private void assertFails(Recipe recipe, String code) {
    assertThatThrownBy(() -> TemplateImages.prepare(recipe, state, SILENT))
        .isInstanceOfSatisfying(
            BuildException.class, e -> assertThat(e.code()).as(e.getMessage()).isEqualTo(code));
    try (Stream<Path> files = Files.list(state.resolve("images"))) {
      assertThat(files.map(file -> file.getFileName().toString())).containsOnly(".lock");
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private static Recipe recipe(Path kernel, Path tree) {
    return new Recipe(
        new Recipe.KernelFile(kernel, null), new Recipe.Directory(tree), 128, 1, List.of(), "", 60);
  }

  private Recipe tarRecipe(Path tar) {
    return new Recipe(
        new Recipe.KernelFile(kernel, null), new Recipe.Tar(tar), 128, 1, List.of(), "", 60);
  }
}
