package dev.rekindle.pool.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rekindle.pool.config.AccessConfig;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The service with a certificate. */
@Timeout(60)
class TlsTest {
  private static final String PASSWORD = "password";

  private static void pem(Path file, String what, byte[] der) throws IOException {
    Files.writeString(
        file,
        "-----BEGIN %s-----\n%s\n-----END %s-----\n"
            .formatted(what, Base64.getMimeEncoder().encodeToString(der), what));
  }

  private static KeyStore selfSigned(Path folder) throws Exception {
    Path file = folder.resolve("service.p12");
    List<String> keytool =
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
            "-genkeypair",
            "-keyalg",
            "EC",
            "-dname",
            "CN=service",
            "-ext",
            "san=ip:127.0.0.1",
            "-keystore",
            file.toString(),
            "-storepass",
            PASSWORD,
            "-alias",
            "k");
    assertThat(new ProcessBuilder(keytool).redirectErrorStream(true).start().waitFor()).isZero();
    KeyStore store = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(file)) {
      store.load(in, PASSWORD.toCharArray());
    }
    return store;
  }

  @Test
  void shouldSpeakTlsAlone(@TempDir Path state) throws Exception {
    KeyStore own = selfSigned(state);
    pem(state.resolve("c.pem"), "CERTIFICATE", own.getCertificate("k").getEncoded());
    pem(
        state.resolve("k.pem"),
        "PRIVATE KEY",
        own.getKey("k", PASSWORD.toCharArray()).getEncoded());
    TestService service =
        new TestService(
            state,
            new AccessConfig(
                false,
                state.resolve("operator.key"),
                Optional.of(new AccessConfig.Tls(state.resolve("c.pem"), state.resolve("k.pem")))));
    TrustManagerFactory trust =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(own);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, trust.getTrustManagers(), null);

    try (HttpClient http = HttpClient.newBuilder().sslContext(context).build()) {
      URI uri = URI.create("https://127.0.0.1:" + service.port() + "/healthz");
      HttpResponse<String> reply =
          http.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());

      assertThat(reply.statusCode()).isEqualTo(200);
      assertThat(reply.sslSession().orElseThrow().getProtocol()).isEqualTo("TLSv1.3");
      assertThatThrownBy(() -> service.http().send("GET", "/healthz", "-", ""))
          .isInstanceOf(IOException.class);
    } finally {
      service.close();
    }
  }
}
