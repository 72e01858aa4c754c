package dev.rekindle.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.Base64;
import java.util.List;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class TlsTest {
  private static final char[] PASSWORD = "password".toCharArray();

  private static KeyStore selfSigned(Path folder, String name) throws Exception {
    Path file = folder.resolve(name + ".p12");
    List<String> keytool =
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
            "-genkeypair",
            "-keyalg",
            "EC",
            "-dname",
            "CN=" + name,
            "-ext",
            name.equals("here") ? "san=ip:127.0.0.1" : "san=dns:" + name,
            "-keystore",
            file.toString(),
            "-storepass",
            new String(PASSWORD),
            "-alias",
            "k");
    assertThat(new ProcessBuilder(keytool).redirectErrorStream(true).start().waitFor()).isZero();
    KeyStore store = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(file)) {
      store.load(in, PASSWORD);
    }
    Files.writeString(
        folder.resolve(name + ".pem"),
        "-----BEGIN CERTIFICATE-----\n"
            + Base64.getMimeEncoder().encodeToString(store.getCertificate("k").getEncoded())
            + "\n-----END CERTIFICATE-----\n");
    return store;
  }

  private static HttpsServer serving(KeyStore store) throws Exception {
    KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    keys.init(store, PASSWORD);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(keys.getKeyManagers(), null, null);
    HttpsServer server = HttpsServer.create(new InetSocketAddress("127.0.0.1", 0), 8);
    server.setHttpsConfigurator(new HttpsConfigurator(context));
    server.createContext(
        "/",
        exchange -> {
          byte[] body = "{\"ready\":true}".getBytes(StandardCharsets.UTF_8);
          exchange.sendResponseHeaders(200, body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
        });
    server.start();
    return server;
  }

  @Test
  void shouldTrustTheNamedCertificateForItsOwnAddressAndNoOther(@TempDir Path folder)
      throws Exception {
    HttpsServer here = serving(selfSigned(folder, "here"));
    HttpsServer elsewhere = serving(selfSigned(folder, "elsewhere"));
    try {
      assertThat(client(here, folder.resolve("here.pem")).get("/readyz").status()).isEqualTo(200);
      assertThatThrownBy(() -> client(here, folder.resolve("elsewhere.pem")).get("/readyz"))
          .isInstanceOf(SSLException.class);
      assertThatThrownBy(() -> client(elsewhere, folder.resolve("elsewhere.pem")).get("/readyz"))
          .isInstanceOf(SSLException.class);
    } finally {
      here.stop(0);
      elsewhere.stop(0);
    }
  }

  private static ApiClient client(HttpsServer server, Path certificate) {
    return new ApiClient("127.0.0.1", server.getAddress().getPort(), null, certificate);
  }
}
