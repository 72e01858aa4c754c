package dev.rekindle.snapshotter.template;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Prepares the images of default templates ahead of their build, on a host that has apt: {@code
 * prepare --state DIR [--refresh] NAME...}. Progress and outcome are lines of JSON as of {@link
 * NdjsonProgress}; exit code 0, 1 for a failure, 2 for wrong arguments.
 */
public final class ImagesMain {
  private ImagesMain() {}

  /**
   * @param arguments see above
   */
  public static void main(String[] arguments) {
    System.exit(run(arguments));
  }

  private static int run(String[] arguments) {
    Path state = null;
    boolean refresh = false;
    List<String> names = new ArrayList<>();
    for (int i = 1; i < arguments.length; i++) {
      if (arguments[i].equals("--state") && i + 1 < arguments.length) {
        state = Path.of(arguments[++i]);
      } else if (arguments[i].equals("--refresh")) {
        refresh = true;
      } else {
        names.add(arguments[i]);
      }
    }
    if (state == null || names.isEmpty() || !arguments[0].equals("prepare")) {
      System.err.println("usage: prepare --state DIR [--refresh] NAME...");
      return 2;
    }
    NdjsonProgress progress = new NdjsonProgress(System.out);
    try {
      for (String name : names) {
        Recipe recipe = Recipe.named(name);
        PreparedImages images =
            refresh
                ? TemplateImages.refresh(recipe, state, progress)
                : TemplateImages.prepare(recipe, state, progress);
        progress.report("rootfs", 100, name + " " + images.digest());
      }
      return 0;
    } catch (RecipeException e) {
      progress.error(new BuildException(e.code(), e.getMessage(), null, e));
    } catch (BuildException e) {
      progress.error(e);
    }
    return 1;
  }
}
