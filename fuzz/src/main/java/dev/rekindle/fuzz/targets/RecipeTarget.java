package dev.rekindle.fuzz.targets;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.rekindle.fuzz.FuzzTarget;
import dev.rekindle.fuzz.Refusal;
import dev.rekindle.snapshotter.template.Recipe;
import dev.rekindle.snapshotter.template.RecipeException;
import java.io.IOException;
import java.util.List;

/** Recipes of templates. */
public final class RecipeTarget implements FuzzTarget {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Ready. */
  public RecipeTarget() {}

  @Override
  public String name() {
    return "recipe";
  }

  @Override
  public void run(byte[] input) {
    JsonNode json;
    try {
      json = JSON.readTree(input);
    } catch (IOException e) {
      return;
    }
    try {
      Recipe recipe = Recipe.parse(json);
      Recipe again = Recipe.parse(recipe.toJson());
      if (!again.equals(recipe)) {
        throw new AssertionError("read back as " + again);
      }
    } catch (RecipeException e) {
      Refusal.check(e.code(), e);
    }
  }

  @Override
  public List<byte[]> seeds() throws JsonProcessingException {
    return List.of(
        JSON.writeValueAsBytes(Recipe.base().toJson()),
        JSON.writeValueAsBytes(Recipe.python().toJson()),
        "{\"kernel\":{\"path\":\"/k\",\"modules\":\"/m\"},\"rootfs\":{\"tar\":\"/t\"}}"
            .getBytes(UTF_8),
        "{\"rootfs\":{\"busybox\":true},\"vcpus\":2,\"kernelArgs\":\"quiet\"}".getBytes(UTF_8));
  }
}
