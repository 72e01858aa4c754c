package dev.rekindle.snapshotter.host.protocol;

/**
 * One frame. The byte arrays are not copied: whoever hands a frame over gives them away. Records of
 * arrays compare by identity; tests compare the parts.
 */
public sealed interface Frame {
  /** Chosen by the service; 0 only in unsolicited events. */
  int requestId();

  /** Kind 1: {@link HostRequest} as JSON. */
  record Request(int requestId, byte[] json) implements Frame {}

  /** Kind 2: ok or error as JSON, see {@link HostJson#readReply}. */
  record Reply(int requestId, byte[] json) implements Frame {}

  /** Kind 3: {@link HostEvent} as JSON. */
  record Event(int requestId, byte[] json) implements Frame {}

  /** Kind 4: at most {@link HostProtocol#MAX_DATA_BYTES} of one stream. */
  record Data(int requestId, StreamKind stream, byte[] bytes) implements Frame {}
}
