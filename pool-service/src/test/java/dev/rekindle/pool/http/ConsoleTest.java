package dev.rekindle.pool.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rekindle.pool.config.AccessConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The console in a real Chromium, in front of a service that asks for keys. The page is one
 * person's visit, so its tests have an order. What it looked like lies in {@code target/console}.
 */
@Timeout(300)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class ConsoleTest {
  private static final Path PICTURES = Path.of("target/console");

  private static TestService service;
  private static Browser browser;
  private static String operator;

  @BeforeAll
  static void start(@TempDir Path state) throws Exception {
    service =
        new TestService(
            state, new AccessConfig(true, state.resolve("operator.key"), Optional.empty()));
    service.awaitReady();
    operator = Files.readString(state.resolve("operator.key")).strip();
    browser = new Browser(state.resolve("profile"));
    browser.open("http://127.0.0.1:" + service.port() + "/");
  }

  @AfterAll
  static void stop() throws Exception {
    try (Browser ended = browser) {
      assertThat(ended).isNotNull();
      service.close();
    }
  }

  /** xterm.js writes blanks that do not break. */
  private static void awaitOnScreen(String text) throws Exception {
    browser.await(
        "document.querySelector('.xterm-rows')?.textContent.replaceAll('\\u00A0', ' ').includes('"
            + text
            + "')");
  }

  private static String state() throws Exception {
    return browser.text("#sandbox-state");
  }

  @Test
  @Order(1)
  void shouldAskForAKeyAndSayWhatIsWrongWithIt() throws Exception {
    browser.await("document.querySelector('#sign-in').open");
    assertThat(browser.text("#sign-in-why")).isEqualTo("This service asks for an API key.");

    browser.type("#key", "rk_wrong" + Browser.ENTER);
    browser.await("document.querySelector('#sign-in-why').textContent.includes('auth.key_wrong')");
    browser.type("#key", operator + Browser.ENTER);

    browser.await("document.querySelector('#state').textContent === 'ready'");
    assertThat(browser.script("return document.querySelector('#sign-in').open").booleanValue())
        .isFalse();
    browser.complaints();
  }

  @Test
  @Order(2)
  void shouldBeReachedByTheKeyboardAlone() throws Exception {
    browser.open("http://127.0.0.1:" + service.port() + "/");
    browser.await("document.querySelector('#state').textContent === 'ready'");
    browser.press(Browser.TAB);
    assertThat(browser.script("return document.activeElement.className").asText())
        .isEqualTo("skip");
    browser.press(Browser.ENTER);
    assertThat(browser.script("return document.activeElement.id").asText()).isEqualTo("main");
  }

  @Test
  @Order(3)
  void shouldLeaseASandboxAndRunACommandOnItsTerminal() throws Exception {
    browser.await("document.querySelector('#sandbox-template').value === 'base'");
    browser.clear("#sandbox-command");
    browser.type("#sandbox-command", "sh -c \"echo six times $((6*7)); exec sh\"" + Browser.ENTER);

    awaitOnScreen("six times 42");
    assertThat(state()).contains("runs, pid ");
    browser.press("echo con$((6*7))ole" + Browser.ENTER);
    awaitOnScreen("con42ole");
    assertThat(
            service
                .http()
                .with("Authorization: Bearer " + operator)
                .send("GET", "/v1/leases", "-", "")
                .json()
                .get("leases"))
        .hasSize(1);
  }

  @Test
  @Order(4)
  void shouldShowTheLeaseItsStagesAndItsTime() throws Exception {
    browser.await("document.querySelectorAll('#lease-rows button').length === 1");
    String id = browser.text("#lease-rows button");

    assertThat(state()).startsWith(id);
    assertThat(browser.text("#waterfall")).contains(id, "total", "queue", "placement", "map");
    browser.await("document.querySelector('#percentiles tr[data-key=\"all\"]')");
    assertThat(browser.text("#percentiles tr[data-key=all]")).startsWith("all 1 ");
    assertThat(
            browser
                .script(
                    "const c = document.querySelector('#heatmap');"
                        + "const d = c.getContext('2d').getImageData(60, 0, c.width - 60, c.height - 30).data;"
                        + "const [r, g, b] = getComputedStyle(document.documentElement)"
                        + ".getPropertyValue('--heat').trim().split(' ').map(Number);"
                        + "for (let i = 0; i < d.length; i += 4) {"
                        + "  if (Math.abs(d[i] - r) + Math.abs(d[i+1] - g) + Math.abs(d[i+2] - b) < 9) return true;"
                        + "} return false;")
                .booleanValue())
        .as("a cell of the heatmap")
        .isTrue();
    assertThat(browser.text("#template-rows")).contains("base-0123456789ab");
    browser.await("document.querySelector('#host-rows tr th')");
    assertThat(browser.text("#tiles")).contains("leases held\n1");
  }

  @Test
  @Order(5)
  void shouldLookGoodInLightAndDarkAndOnAPhone() throws Exception {
    for (int i = 0; i < 60; i++) {
      String body = "{\"template\":\"base\",\"exec\":{\"argv\":[\"true\"]}}";
      service.http().with("Authorization: Bearer " + operator).send("POST", "/v1/run", "-", body);
    }
    service
        .http()
        .with("Authorization: Bearer " + operator)
        .send("PUT", "/v1/pools/base", "-", "{\"parked\":{\"min\":2},\"shells\":{\"min\":1}}");
    browser.await("document.querySelectorAll('#pool-rows tr[data-key=base]').length === 1");
    browser.await("document.querySelectorAll('#lease-rows tr').length > 50");

    browser.size(1280, 1500, false);
    browser.dark(false);
    Thread.sleep(1200);
    browser.screenshot(PICTURES.resolve("light.png"));
    browser.dark(true);
    Thread.sleep(1200);
    browser.screenshot(PICTURES.resolve("dark.png"));
    browser.size(360, 2600, true);
    Thread.sleep(1200);
    browser.screenshot(PICTURES.resolve("phone.png"));

    assertThat(browser.script("return document.scrollingElement.scrollWidth").intValue())
        .as("nothing sticks out on a phone")
        .isLessThanOrEqualTo(360);
    browser.size(1280, 1000, false);
  }

  @Test
  @Order(6)
  void shouldEndTheCommandAndReleaseTheSandbox() throws Exception {
    browser.click(".xterm-screen");
    browser.press("exit 3" + Browser.ENTER);
    browser.await(
        "document.querySelector('#sandbox-state').textContent.endsWith('ended, exit code 3')");
    browser.click("#sandbox-release");

    browser.await("document.querySelector('#sandbox-state').textContent.endsWith(': released')");
    assertThat(
            service
                .http()
                .with("Authorization: Bearer " + operator)
                .send("GET", "/v1/leases", "-", "")
                .json()
                .get("leases"))
        .isEmpty();
    browser.await(
        "[...document.querySelectorAll('#lease-rows tr')].every(r => r.lastChild.textContent === 'released')");
  }

  @Test
  @Order(7)
  void shouldHaveAskedNobodyElseAndComplainedOfNothing() throws Exception {
    String own = "127.0.0.1:" + service.port();

    assertThat(browser.requests())
        .filteredOn(url -> !url.startsWith("chrome://") && !url.startsWith("data:"))
        .hasSizeGreaterThan(10)
        .allSatisfy(url -> assertThat(url).matches("(http|ws)://" + own + "/.*"))
        .noneSatisfy(url -> assertThat(url).contains("rk_"));
    assertThat(browser.complaints()).isEmpty();
  }

  @Test
  @Order(8)
  void shouldBeKeptByItsPolicyFromAskingAnybodyElse() throws Exception {
    String broken =
        browser
            .script(
                "return new Promise(resolve => {"
                    + "document.addEventListener('securitypolicyviolation',"
                    + " e => resolve(e.effectiveDirective), { once: true });"
                    + "fetch('http://127.0.0.2:"
                    + service.port()
                    + "/healthz').catch(() => {}); })")
            .asText();
    String script =
        browser
            .script(
                "return new Promise(resolve => {"
                    + "document.addEventListener('securitypolicyviolation',"
                    + " e => resolve(e.effectiveDirective), { once: true });"
                    + "const s = document.createElement('script'); s.textContent = 'window.evil = 1';"
                    + "document.head.append(s); })")
            .asText();

    assertThat(broken).isEqualTo("connect-src");
    assertThat(script).isEqualTo("script-src-elem");
    assertThat(browser.script("return window.evil === undefined").booleanValue()).isTrue();
  }

  @Test
  @Order(9)
  void shouldSignOutWhenItsKeyIsRevoked() throws Exception {
    String body = "{\"name\":\"page\",\"scopes\":[\"observe\"]}";
    RawHttp http = service.http().with("Authorization: Bearer " + operator);
    var key = http.send("POST", "/v1/keys", "-", body).json();
    browser.script(
        "sessionStorage.setItem('rekindle.key', '"
            + key.get("key").asText()
            + "'); location.reload()");
    browser.await("document.querySelector('#state')?.textContent === 'ready'");

    http.send("DELETE", "/v1/keys/" + key.get("id").asText(), "-", "");

    browser.await("document.querySelector('#sign-in').open");
    assertThat(browser.text("#sign-in-why")).startsWith("auth.key_");
  }

  @ParameterizedTest
  @ValueSource(strings = {"/", "/console/app.js", "/console/style.css", "/console/xterm.js"})
  void shouldSendEachPartWithItsPolicy(String path) throws Exception {
    RawHttp.Reply reply = service.http().send("GET", path, "-", "");

    assertThat(reply.status()).isEqualTo(200);
    assertThat(reply.head())
        .contains("Content-Security-Policy: default-src 'none'; script-src 'self';")
        .contains("X-Content-Type-Options: nosniff", "Cache-Control: no-cache");
    String tag =
        reply
            .head()
            .lines()
            .filter(l -> l.toLowerCase(Locale.ROOT).startsWith("etag: "))
            .findFirst()
            .orElseThrow()
            .substring(6);
    RawHttp.Reply again = service.http().with("If-None-Match: " + tag).send("GET", path, "-", "");
    assertThat(again.status()).isEqualTo(304);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/console/none.js",
        "/console/..%2fopenapi.yaml",
        "/console/",
        "/console/.xterm-5.5.0"
      })
  void shouldSendNothingElse(String path) throws Exception {
    assertThat(service.http().send("GET", path, "-", "").problem()).isEqualTo("404 route.unknown");
  }
}
