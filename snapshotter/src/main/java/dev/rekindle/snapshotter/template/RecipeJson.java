package dev.rekindle.snapshotter.template;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Recipes from and to JSON. */
final class RecipeJson {
  private static final Set<String> FIELDS =
      Set.of(
          "kernel", "rootfs", "memoryMib", "vcpus", "warmup", "kernelArgs", "bootTimeoutSeconds");

  private RecipeJson() {}

  static Recipe parse(JsonNode json) {
    object("the recipe", json, FIELDS);
    JsonNode kernel = json.path("kernel");
    return new Recipe(
        kernel.isMissingNode() ? new Recipe.DebianKernel("6.12") : kernel(kernel),
        rootfs(json.path("rootfs")),
        integer(json, "memoryMib", 256),
        integer(json, "vcpus", 1),
        commands(json.path("warmup")),
        json.has("kernelArgs") ? text("kernelArgs", json.get("kernelArgs")) : "",
        integer(json, "bootTimeoutSeconds", 300));
  }

  static JsonNode write(Recipe recipe) {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    ObjectNode kernel = json.putObject("kernel");
    switch (recipe.kernel()) {
      case Recipe.DebianKernel debian -> kernel.put("debian", debian.series());
      case Recipe.KernelFile file -> {
        kernel.put("path", file.path().toString());
        if (file.modules() != null) {
          kernel.put("modules", file.modules().toString());
        }
      }
    }
    ObjectNode rootfs = json.putObject("rootfs");
    switch (recipe.rootfs()) {
      case Recipe.Packages packages -> packages.names().forEach(rootfs.putArray("packages")::add);
      case Recipe.Tar tar -> rootfs.put("tar", tar.path().toString());
      case Recipe.Directory directory -> rootfs.put("directory", directory.path().toString());
      case Recipe.Busybox() -> rootfs.put("busybox", true);
    }
    json.put("memoryMib", recipe.memoryMib()).put("vcpus", recipe.vcpus());
    ArrayNode warmup = json.putArray("warmup");
    for (List<String> command : recipe.warmup()) {
      command.forEach(warmup.addArray()::add);
    }
    return json.put("kernelArgs", recipe.kernelArgs())
        .put("bootTimeoutSeconds", recipe.bootTimeoutSeconds());
  }

  private static Recipe.KernelSource kernel(JsonNode json) {
    object("kernel", json, Set.of("debian", "path", "modules"));
    if (json.has("debian") == json.has("path") || (json.has("modules") && !json.has("path"))) {
      throw invalid("kernel must have debian, or path with modules where needed");
    }
    if (json.has("debian")) {
      return new Recipe.DebianKernel(text("kernel.debian", json.get("debian")));
    }
    return new Recipe.KernelFile(
        path("kernel.path", json.get("path")),
        json.has("modules") ? path("kernel.modules", json.get("modules")) : null);
  }

  private static Recipe.RootSource rootfs(JsonNode json) {
    object("rootfs", json, Set.of("packages", "tar", "directory", "busybox"));
    if (json.size() != 1) {
      throw invalid("rootfs must have exactly one of packages, tar, directory and busybox");
    }
    String kind = json.fieldNames().next();
    JsonNode value = json.get(kind);
    return switch (kind) {
      case "packages" -> new Recipe.Packages(texts("rootfs.packages", value));
      case "tar" -> new Recipe.Tar(path("rootfs.tar", value));
      case "directory" -> new Recipe.Directory(path("rootfs.directory", value));
      default -> {
        if (!value.isBoolean() || !value.booleanValue()) {
          throw invalid("rootfs.busybox must be true");
        }
        yield new Recipe.Busybox();
      }
    };
  }

  private static void object(String field, JsonNode json, Set<String> known) {
    if (!json.isObject()) {
      throw invalid(field + " must be an object");
    }
    json.fieldNames()
        .forEachRemaining(name -> {
          if (!known.contains(name)) {
            throw invalid(field + " has the unknown field " + name);
          }
        });
  }

  private static int integer(JsonNode json, String field, int missing) {
    JsonNode value = json.path(field);
    if (value.isMissingNode()) {
      return missing;
    }
    if (!value.isIntegralNumber() || !value.canConvertToInt()) {
      throw invalid(field + " must be an integer, got " + value);
    }
    return value.intValue();
  }

  private static List<List<String>> commands(JsonNode json) {
    List<List<String>> commands = new ArrayList<>();
    if (!json.isMissingNode()) {
      if (!json.isArray()) {
        throw invalid("warmup must be an array of commands");
      }
      json.forEach(command -> commands.add(texts("warmup", command)));
    }
    return commands;
  }

  private static List<String> texts(String field, JsonNode json) {
    if (!json.isArray()) {
      throw invalid(field + " must be an array of strings");
    }
    List<String> texts = new ArrayList<>();
    json.forEach(element -> texts.add(text(field, element)));
    return texts;
  }

  private static String text(String field, JsonNode json) {
    if (!json.isTextual()) {
      throw invalid(field + " must be a string, got " + json.getNodeType());
    }
    return json.textValue();
  }

  private static Path path(String field, JsonNode json) {
    try {
      return Path.of(text(field, json));
    } catch (InvalidPathException e) {
      throw invalid(field + " is no path: " + e.getReason());
    }
  }

  private static RecipeException invalid(String message) {
    return new RecipeException("template.invalid_recipe", message);
  }
}
