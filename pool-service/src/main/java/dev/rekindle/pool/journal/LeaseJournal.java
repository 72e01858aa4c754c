package dev.rekindle.pool.journal;

import dev.rekindle.metrics.ServiceMetrics;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.List;
import java.util.UUID;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What happened to leases, on disk; {@code docs/lease-journal.md}. A record that was appended
 * survives the death of the process at once, and that of the machine after {@value #SYNC_MILLIS}
 * ms. Thread: one, which the appended records do not leave; forcing to disk has a thread of its
 * own.
 */
public final class LeaseJournal implements AutoCloseable {
  /** More than this is not read. */
  static final int MAX_FILE_BYTES = 64 << 20;

  private static final Logger LOG = LoggerFactory.getLogger(LeaseJournal.class);
  private static final int MIN_FILE_BYTES = 1 << 20;
  private static final int ROOM_FACTOR = 3;
  private static final long SYNC_MILLIS = 1_000;
  private static final SecureRandom SALTS = new SecureRandom();

  /**
   * What the service before left.
   *
   * @param records in their order
   * @param trustedFrom index of the first record that nothing unread can have changed: 0 in a
   *     journal that is whole
   * @param sameBoot whether the machine has not been booted since
   * @param damage what could not be read, for people; empty if all could
   */
  public record Recovered(
      List<LeaseRecord> records, int trustedFrom, boolean sameBoot, String damage) {
    /** Copies the records. */
    public Recovered {
      records = List.copyOf(records);
    }
  }

  private final JournalFiles files;
  private final UUID bootId;
  private final ServiceMetrics metrics;
  private final Recovered recovered;
  private final ByteBuffer frame =
      ByteBuffer.allocateDirect(Frames.MAX_BYTES).order(ByteOrder.LITTLE_ENDIAN);
  private final Thread syncer =
      Thread.ofPlatform().daemon().name("journal-sync").unstarted(this::sync);
  private final Object lock = new Object();
  private boolean dirty;
  private boolean closed;
  private boolean mustCompact;
  private long epoch;
  private long salt;
  private long position;
  private long capacity;
  private long nextSequence;

  /**
   * Reads what is there. Nothing can be appended before {@link #begin}.
   *
   * @param directory of the journal, made if it is not there
   * @param bootId of this boot of the machine
   * @param metrics told of writes and of failures
   * @throws IOException if it cannot be read or written, or another service uses it
   */
  public LeaseJournal(Path directory, UUID bootId, ServiceMetrics metrics) throws IOException {
    this(directory, bootId, metrics, Storage::open);
  }

  LeaseJournal(Path directory, UUID bootId, ServiceMetrics metrics, Storage.Opener opener)
      throws IOException {
    this.bootId = bootId;
    this.metrics = metrics;
    files = new JournalFiles(directory, opener);
    JournalFiles.Found found;
    try {
      found = files.read();
    } catch (IOException | RuntimeException e) {
      files.close();
      throw e;
    }
    JournalHeader header = found.header();
    epoch = header == null ? 0 : header.epoch();
    recovered =
        new Recovered(
            found.records(),
            found.trustedFrom(),
            header == null || header.bootId().equals(bootId),
            found.damage());
    if (!found.damage().isEmpty()) {
      LOG.error("the journal of leases is damaged, in {}: {}", directory, found.damage());
      metrics.journalFailed();
    }
  }

  /**
   * @return what was there
   */
  public Recovered recovered() {
    return recovered;
  }

  /**
   * Begins a file; from now on records can be appended.
   *
   * @param image records that tell all that is to be kept
   * @throws JournalException if it cannot be written
   */
  public void begin(List<LeaseRecord> image) throws JournalException {
    compact(image);
    syncer.start();
  }

  /**
   * Appends a record: on return a successor of this process will read it.
   *
   * @param record what happened
   * @param image all that is to be kept, without the record, where the file is full
   * @throws JournalException if it could not be written; a successor will not read it
   */
  public void append(LeaseRecord record, Supplier<List<LeaseRecord>> image)
      throws JournalException {
    long begun = System.nanoTime();
    frame.clear();
    Frames.write(record, salt, nextSequence, frame);
    frame.flip();
    if (mustCompact || position + frame.limit() > capacity) {
      compact(image.get());
      frame.clear();
      Frames.write(record, salt, nextSequence, frame);
      frame.flip();
    }
    int length = frame.limit();
    try {
      write(files.active(), frame, position);
    } catch (IOException e) {
      metrics.journalFailed();
      throw new JournalException(e);
    }
    position += length;
    nextSequence++;
    written();
    metrics.journaled(System.nanoTime() - begun);
  }

  private void compact(List<LeaseRecord> image) throws JournalException {
    // Until this has succeeded it may be that the other file counts.
    mustCompact = true;
    JournalHeader header =
        new JournalHeader(epoch + 1, SALTS.nextLong(), bootId, System.currentTimeMillis());
    ByteBuffer records = encode(image, header.salt());
    try {
      capacity = replaceSpare(header, records);
      position = (long) JournalHeader.BYTES + records.limit();
      nextSequence = image.size();
      epoch = header.epoch();
      salt = header.salt();
      files.swap();
      mustCompact = false;
      written();
      // Should the new file be damaged later, the old one must not count.
      write(files.spare(), ByteBuffer.allocate(JournalHeader.BYTES), 0);
    } catch (IOException e) {
      metrics.journalFailed();
      throw new JournalException(e);
    }
  }

  private static ByteBuffer encode(List<LeaseRecord> image, long salt) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    ByteBuffer one = ByteBuffer.allocate(Frames.MAX_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < image.size(); i++) {
      one.clear();
      Frames.write(image.get(i), salt, i, one);
      all.write(one.array(), 0, one.position());
    }
    return ByteBuffer.wrap(all.toByteArray());
  }

  /** Writes the other file, its header last; returns its room. */
  private long replaceSpare(JournalHeader header, ByteBuffer records) throws IOException {
    Storage spare = files.spare();
    ByteBuffer none = ByteBuffer.allocate(JournalHeader.BYTES);
    write(spare, none.duplicate(), 0);
    long room = extend(spare, JournalHeader.BYTES + records.limit());
    write(spare, records, JournalHeader.BYTES);
    try {
      write(spare, header.encode(), 0);
      return room;
    } catch (IOException e) {
      write(spare, none, 0);
      throw e;
    }
  }

  /**
   * Gives a file room on the disk before there is something to write, so that a disk that is full
   * stops no lease.
   */
  private static long extend(Storage storage, int needed) throws IOException {
    long size = storage.size();
    long wanted = Math.min(MAX_FILE_BYTES, Math.max(MIN_FILE_BYTES, ROOM_FACTOR * (long) needed));
    if (size >= wanted) {
      return size;
    }
    try {
      ByteBuffer zeros = ByteBuffer.allocate(64 << 10);
      for (long at = size; at < wanted; at += zeros.limit()) {
        write(storage, zeros.clear().limit((int) Math.min(zeros.capacity(), wanted - at)), at);
      }
      return wanted;
    } catch (IOException e) {
      if (size >= needed + (long) Frames.MAX_BYTES) {
        return size;
      }
      throw e;
    }
  }

  private static void write(Storage storage, ByteBuffer bytes, long at) throws IOException {
    long place = at;
    while (bytes.hasRemaining()) {
      int written = storage.write(bytes, place);
      if (written <= 0) {
        throw new IOException("nothing of " + bytes.remaining() + " bytes was written");
      }
      place += written;
    }
  }

  private void written() {
    synchronized (lock) {
      dirty = true;
    }
  }

  private void sync() {
    while (awaitDirty()) {
      try {
        files.force();
      } catch (IOException e) {
        LOG.error("the journal of leases is not safe from a loss of power: {}", e.getMessage());
        metrics.journalFailed();
      }
    }
  }

  /** Waits its time; false when there is nothing to do any more. */
  private boolean awaitDirty() {
    synchronized (lock) {
      try {
        do {
          lock.wait(SYNC_MILLIS);
        } while (!dirty && !closed);
      } catch (InterruptedException e) {
        return false;
      }
      boolean due = dirty;
      dirty = false;
      return due;
    }
  }

  /** Forces what was written to the disk and gives the journal free for another service. */
  @Override
  public void close() throws IOException {
    synchronized (lock) {
      closed = true;
      lock.notifyAll();
    }
    try {
      syncer.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    files.close();
  }
}
