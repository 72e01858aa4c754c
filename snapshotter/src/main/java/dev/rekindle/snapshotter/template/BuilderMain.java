package dev.rekindle.snapshotter.template;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.rekindle.snapshotter.ProcessLogging;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Builds one template: {@code --state DIR --name NAME}, the recipe's JSON on standard input.
 * Progress and outcome are lines of JSON on standard output, see {@link NdjsonProgress}. Exit code
 * 0, 1 where the build failed, 2 for wrong arguments. Killed at any moment, it leaves the template
 * as it was. Needs {@code --enable-native-access=ALL-UNNAMED}.
 */
public final class BuilderMain {
  static {
    ProcessLogging.configure();
  }

  private static final Logger LOG = LoggerFactory.getLogger(BuilderMain.class);
  private static final int MAX_RECIPE_BYTES = 1 << 20;
  private static final long MIB = 1 << 20;

  private BuilderMain() {}

  /**
   * @param args see above
   */
  public static void main(String... args) {
    // The lines have the real standard output to themselves; what a library prints goes to the log.
    PrintStream lines = System.out;
    System.setOut(System.err);
    System.exit(run(args, System.in, lines));
  }

  static int run(String[] args, InputStream in, PrintStream out) {
    Path state = null;
    String name = null;
    for (int i = 0; i + 1 < args.length; i += 2) {
      switch (args[i]) {
        case "--state" -> state = Path.of(args[i + 1]).toAbsolutePath();
        case "--name" -> name = args[i + 1];
        default -> {
          return usage();
        }
      }
    }
    if (state == null || name == null || args.length != 4) {
      return usage();
    }
    NdjsonProgress progress = new NdjsonProgress(out);
    try {
      progress.result(build(state, name, in, progress));
      return 0;
    } catch (BuildException e) {
      progress.error(e);
    } catch (RecipeException e) {
      progress.error(new BuildException(e.code(), e.getMessage(), null, e));
    } catch (RuntimeException e) {
      LOG.error("building {}", name, e);
      progress.error(new BuildException("template.internal", e.toString(), null, e));
    }
    return 1;
  }

  private static TemplateBuild.Result build(
      Path state, String name, InputStream in, BuildProgress progress) throws BuildException {
    if (!TemplateName.isValid(name)) {
      throw new BuildException(
          "template.invalid_name",
          "template name must match " + TemplateName.PATTERN + ", got " + name,
          null,
          null);
    }
    JsonNode json = read(in);
    Recipe recipe = Recipe.parse(json);
    PreparedImages images = TemplateImages.prepare(recipe, state, progress);
    BootPlan plan =
        new BootPlan(
            images.kernel(),
            images.initramfs(),
            images.rootfs(),
            images.digest(),
            recipe.memoryMib() * MIB,
            recipe.vcpus(),
            images.kernelArgs() + " " + recipe.kernelArgs(),
            recipe.warmup(),
            Duration.ofSeconds(recipe.bootTimeoutSeconds()));
    return new TemplateBooter(new TemplateStore(state), progress).run(name, json, plan);
  }

  private static JsonNode read(InputStream in) throws BuildException {
    try {
      byte[] bytes = in.readNBytes(MAX_RECIPE_BYTES + 1);
      if (bytes.length > MAX_RECIPE_BYTES) {
        throw new BuildException(
            "template.invalid_recipe",
            "a recipe has at most " + MAX_RECIPE_BYTES + " bytes",
            null,
            null);
      }
      return JsonMapper.builder()
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build()
          .readTree(bytes);
    } catch (JsonProcessingException e) {
      throw new BuildException(
          "template.invalid_recipe", "recipe: " + e.getOriginalMessage(), null, e);
    } catch (IOException e) {
      throw new BuildException("template.invalid_recipe", "reading the recipe: " + e, null, e);
    }
  }

  private static int usage() {
    System.err.println("usage: BuilderMain --state DIR --name NAME < recipe.json");
    return 2;
  }
}
