package dev.rekindle.bench.soak;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Template builds through the service. They make images in earnest, each of a new tree, and fail at
 * the boot, since the kernel is none: so they need no KVM that runs Linux.
 */
final class Builds {
  private static final int KERNEL_BYTES = 1 << 20;

  private final Call.Api api;
  private final Path tree;
  private final String recipe;

  /**
   * @param folder of its own, for what the images are made of
   */
  Builds(Call.Api api, Path folder) throws IOException {
    this.api = api;
    Path kernel = Files.write(folder.resolve("kernel"), new byte[KERNEL_BYTES]);
    tree = Files.createDirectories(folder.resolve("tree"));
    ObjectNode json = HttpApi.JSON.createObjectNode();
    json.putObject("kernel").put("path", kernel.toString());
    json.putObject("rootfs").put("directory", tree.toString());
    recipe = json.put("memoryMib", 128).toString();
  }

  /**
   * Builds one to its end. Blocks.
   *
   * @param number makes it another than the ones before
   */
  Answer run(int number) throws IOException {
    Files.writeString(tree.resolve("number"), Integer.toString(number));
    return api.call(Call.of("PUT", "/v1/templates/soak", recipe));
  }
}
