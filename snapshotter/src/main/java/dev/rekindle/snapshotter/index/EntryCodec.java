package dev.rekindle.snapshotter.index;

import dev.rekindle.snapshotter.format.Manifest;
import dev.rekindle.snapshotter.format.PayloadReader;
import dev.rekindle.snapshotter.format.PayloadWriter;
import dev.rekindle.snapshotter.format.Section;
import dev.rekindle.snapshotter.format.SnapshotDigests;
import dev.rekindle.snapshotter.format.SnapshotException;
import java.util.ArrayList;
import java.util.List;

/** Payloads of entries; {@code docs/snapshot-index.md}, "Payloads". */
final class EntryCodec {
  /** Of the format's reader, which reads sections; appears in messages only. */
  private static final String TAG = "INDX";

  private EntryCodec() {}

  static SignedValue encode(IndexEntry entry, long sequence) {
    return switch (entry) {
      case IndexEntry.SnapshotEntry snapshot ->
          new SignedValue(SignedValue.SNAPSHOT, sequence, encode(snapshot));
      case IndexEntry.TemplateEntry template ->
          new SignedValue(SignedValue.TEMPLATE, sequence, encode(template));
    };
  }

  static PayloadReader reader(byte[] payload) {
    return new PayloadReader(new Section(TAG, 0, true, payload));
  }

  /**
   * @throws IndexException {@code damaged}: signed, and yet not readable
   */
  static IndexEntry decode(SignedValue value) throws IndexException {
    PayloadReader in = reader(value.payload());
    try {
      IndexEntry entry =
          switch (value.kind()) {
            case SignedValue.SNAPSHOT -> snapshot(in);
            case SignedValue.TEMPLATE ->
                new IndexEntry.TemplateEntry(in.string(), in.string(), in.u32(), in.string());
            default -> throw in.invalid("kind " + value.kind() + " is no entry");
          };
      in.end();
      return entry;
    } catch (SnapshotException | IllegalArgumentException e) {
      throw new IndexException(IndexError.DAMAGED, "an entry: " + e.getMessage(), e);
    }
  }

  private static byte[] encode(IndexEntry.TemplateEntry template) {
    return new PayloadWriter()
        .string(template.name())
        .string(template.snapshotId())
        .u32(template.generation())
        .string(template.createdAt())
        .toBytes();
  }

  private static byte[] encode(IndexEntry.SnapshotEntry snapshot) {
    PayloadWriter out =
        new PayloadWriter()
            .string(snapshot.snapshotId())
            .string(snapshot.location())
            .string(snapshot.template())
            .string(snapshot.parent())
            .string(snapshot.creator())
            .string(snapshot.createdAt())
            .u16(snapshot.format().major())
            .u16(snapshot.format().minor())
            .u64(snapshot.sizes().memoryBytes())
            .u64(snapshot.sizes().dataBytes())
            .u64(snapshot.sizes().stateBytes())
            .u64(snapshot.sizes().workingSetBytes())
            .string(snapshot.manifestCrc32c())
            .string(snapshot.stateCrc32c())
            .string(snapshot.digests().manifest())
            .string(snapshot.digests().state())
            .string(snapshot.digests().memory());
    Manifest.ShapeEntry shape = snapshot.shape();
    out.u64(shape.memoryBytes()).u32(shape.vcpuCount()).string(shape.cpu());
    out.u32(shape.devices().size());
    for (Manifest.DeviceEntry device : shape.devices()) {
      out.string(device.kind());
      out.u8(device.readOnly() == null ? 0 : device.readOnly() ? 2 : 1);
    }
    return out.toBytes();
  }

  private static IndexEntry.SnapshotEntry snapshot(PayloadReader in) throws SnapshotException {
    String id = in.string();
    String location = in.string();
    String template = in.string();
    String parent = in.string();
    String creator = in.string();
    String createdAt = in.string();
    Manifest.Version format = new Manifest.Version(in.u16(), in.u16());
    IndexEntry.Sizes sizes = new IndexEntry.Sizes(in.u64(), in.u64(), in.u64(), in.u64());
    String manifestCrc = in.string();
    String stateCrc = in.string();
    SnapshotDigests digests = new SnapshotDigests(in.string(), in.string(), in.string());
    return new IndexEntry.SnapshotEntry(
        id,
        location,
        template,
        parent,
        creator,
        createdAt,
        format,
        shape(in),
        sizes,
        manifestCrc,
        stateCrc,
        digests);
  }

  private static Manifest.ShapeEntry shape(PayloadReader in) throws SnapshotException {
    long memoryBytes = in.u64();
    int vcpuCount = in.u32();
    String cpu = in.string();
    int count = in.count(Integer.BYTES + 1);
    List<Manifest.DeviceEntry> devices = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      String kind = in.string();
      int readOnly = in.u8();
      devices.add(new Manifest.DeviceEntry(kind, readOnly == 0 ? null : readOnly == 2));
    }
    return new Manifest.ShapeEntry(memoryBytes, vcpuCount, cpu, devices);
  }
}
