package dev.rekindle.snapshotter.index;

import dev.rekindle.snapshotter.capture.SnapshotFixture;
import dev.rekindle.snapshotter.format.Manifest;
import dev.rekindle.snapshotter.format.SnapshotDigests;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.NoSuchAlgorithmException;

/** Entries and keys of tests. */
final class IndexEntries {
  static final KeyPair PAIR = pair();
  static final IndexSigner SIGNER = new IndexSigner(PAIR.getPrivate());
  static final IndexVerifier VERIFIER = new IndexVerifier(PAIR.getPublic());

  private IndexEntries() {}

  static KeyPair pair() {
    try {
      return KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  static IndexEntry.SnapshotEntry snapshot(String id) {
    return snapshot(id, 0);
  }

  static IndexEntry.SnapshotEntry snapshot(String id, long workingSetBytes) {
    return new IndexEntry.SnapshotEntry(
        id,
        id,
        "base",
        "",
        "test 1",
        "2026-01-01T00:00:00Z",
        new Manifest.Version(1, 0),
        SnapshotFixture.shape(),
        new IndexEntry.Sizes(SnapshotFixture.MEMORY_BYTES, 4 * 4096, 123, workingSetBytes),
        "01234567",
        "89abcdef",
        new SnapshotDigests(
            SnapshotDigests.sha256(id.getBytes()),
            SnapshotDigests.sha256((id + "s").getBytes()),
            SnapshotDigests.sha256((id + "m").getBytes())));
  }

  static IndexEntry.TemplateEntry template(String name, String snapshotId, int generation) {
    return new IndexEntry.TemplateEntry(name, snapshotId, generation, "2026-01-01T00:00:00Z");
  }
}
