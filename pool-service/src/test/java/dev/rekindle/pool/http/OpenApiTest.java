package dev.rekindle.pool.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rekindle.pool.error.ErrorCode;
import dev.rekindle.pool.hostclient.HostProcess;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.core.json.pointer.JsonPointer;
import io.vertx.ext.web.Route;
import io.vertx.json.schema.SchemaRepository;
import io.vertx.openapi.contract.OpenAPIVersion;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.yaml.snakeyaml.Yaml;

/** The API's description and the API. */
class OpenApiTest {
  private static final Set<String> METHODS =
      Set.of("get", "put", "post", "delete", "options", "head", "patch", "trace");

  private final Vertx vertx = Vertx.vertx();
  private JsonObject document;

  @BeforeEach
  void read() throws Exception {
    try (InputStream in = getClass().getResourceAsStream("/openapi.yaml")) {
      document = new JsonObject(new Yaml().<Map<String, Object>>load(in));
    }
  }

  @AfterEach
  void close() throws Exception {
    vertx.close().await(20, TimeUnit.SECONDS);
  }

  @Test
  void shouldKeepToTheSchemaOfOpenApi31() throws Exception {
    assertThat(OpenAPIVersion.fromContract(document)).isEqualTo(OpenAPIVersion.V3_1);
    assertThat(isValid(document)).isTrue();

    document.getJsonObject("info").remove("title");
    assertThat(isValid(document)).as("what is no OpenAPI is told so").isFalse();
  }

  private boolean isValid(JsonObject openApi) throws Exception {
    OpenAPIVersion version = OpenAPIVersion.V3_1;
    SchemaRepository schemas =
        version.getRepository(vertx, "https://rekindle.dev").await(20, TimeUnit.SECONDS);
    return version.validateContract(vertx, schemas, openApi).await(20, TimeUnit.SECONDS).getValid();
  }

  @Test
  void shouldReferToNothingThatIsNotThere() {
    List<String> references = new ArrayList<>();
    collect(document, references);

    assertThat(references)
        .isNotEmpty()
        .allSatisfy(reference ->
            assertThat(JsonPointer.from(reference.substring(1)).queryJson(document)).isNotNull());
  }

  private static void collect(Object node, List<String> references) {
    if (node instanceof JsonObject object) {
      if (object.getValue("$ref") instanceof String reference) {
        references.add(reference);
      }
      object.forEach(field -> collect(field.getValue(), references));
    } else if (node instanceof JsonArray array) {
      array.forEach(element -> collect(element, references));
    }
  }

  @Test
  void shouldNameEveryPathAndMethodOfTheRouterAndNoOther() {
    HostProcess.Launch nothing = new HostProcess.Launch(List.of(), Path.of("/"), 0);
    HostProcess host = new HostProcess(vertx, nothing, null, () -> {});
    ApiServer server = new ApiServer(vertx, null, null, null, null, host, null);
    List<String> routes =
        server.router().getRoutes().stream()
            .filter(route -> route.getPath() != null)
            .map(OpenApiTest::describe)
            .distinct()
            .toList();

    List<String> described = new ArrayList<>();
    for (String path : document.getJsonObject("paths").fieldNames()) {
      for (String method : document.getJsonObject("paths").getJsonObject(path).fieldNames()) {
        assertThat(METHODS).contains(method);
        described.add(method.toUpperCase(Locale.ROOT) + " " + path);
      }
    }

    assertThat(described).containsExactlyInAnyOrderElementsOf(routes);
  }

  @Test
  void shouldDescribeEveryPartOfAPath() {
    JsonObject paths = document.getJsonObject("paths");
    for (String path : paths.fieldNames()) {
      List<String> parts =
          Pattern.compile("\\{(\\w+)}").matcher(path).results().map(m -> m.group(1)).toList();
      for (String method : paths.getJsonObject(path).fieldNames()) {
        JsonArray parameters =
            paths
                .getJsonObject(path)
                .getJsonObject(method)
                .getJsonArray("parameters", new JsonArray());

        assertThat(parameters.stream().map(JsonObject.class::cast))
            .as(method + " " + path)
            .filteredOn(parameter -> parameter.getString("in").equals("path"))
            .extracting(parameter -> parameter.getString("name"))
            .containsExactlyElementsOf(parts);
      }
    }
  }

  private static String describe(Route route) {
    assertThat(route.methods()).as(route.getPath()).hasSize(1);
    HttpMethod method = route.methods().iterator().next();
    return method + " " + route.getPath().replaceAll(":([a-zA-Z]+)", "{$1}");
  }

  @Test
  void shouldNameEveryErrorCodeAndNoOther() {
    Object codes =
        JsonPointer.from(
                "/components/responses/Problem/content/application~1problem+json/schema"
                    + "/properties/code/anyOf/0/enum")
            .queryJson(document);

    assertThat((Iterable<?>) codes)
        .map(String::valueOf)
        .containsExactlyElementsOf(Arrays.stream(ErrorCode.values()).map(ErrorCode::code).toList());
  }
}
