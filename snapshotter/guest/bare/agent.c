#include "wire.h"

#define PROTOCOL_VERSION 1u
#define MAX_PAYLOAD (1024u * 1024u)
#define MAX_REQUEST (IN_BYTES - HEADER) /* it is kept whole; STDIN is not */
#define MAX_PING 64u

struct identity self;

void send_small(struct connection *c, struct packet *packet, const uint8_t *end)
{
	vsock_send(c, packet, (uint32_t)(end - payload_of(packet)), 0);
}

void error(struct connection *c, const char *code, const char *message)
{
	struct packet *packet = tx_packet();
	uint8_t *frame = payload_of(packet), *code_at = frame + HEADER + 2;
	uint8_t *message_at = put_text(code_at, code) + 2;
	uint8_t *end = put_text(message_at, message);
	put_header(frame, ERROR, (uint32_t)(end - frame) - HEADER);
	put16(code_at - 2, (uint32_t)(message_at - 2 - code_at));
	put16(message_at - 2, (uint32_t)(end - message_at));
	send_small(c, packet, end);
}

static void hello(struct connection *c, const uint8_t *payload, uint32_t length)
{
	if (length != 4) {
		error(c, "protocol.malformed", "HELLO is a u32");
		vsock_close(c);
	} else if (load32(payload) != PROTOCOL_VERSION) {
		error(c, "protocol.version", "this agent speaks version 1");
		vsock_close(c);
	} else {
		struct packet *packet = tx_packet();
		uint32_t bytes = sizeof BARE_VERSION - 1;
		uint8_t *at = put_header(payload_of(packet), HELLO_OK, 6 + bytes);
		at = put16(put32(at, PROTOCOL_VERSION), bytes);
		send_small(c, packet, put_bytes(at, BARE_VERSION, bytes));
	}
}

/* Answered only if the generation id in memory is the one it names: the monitor has renewed it. */
static void identity(struct connection *c, const uint8_t *payload, uint32_t length)
{
	struct reader r = {payload, payload + length, false};
	uint64_t began = now_nanos();
	const uint8_t *entropy = read_bytes(&r, sizeof self.pool);
	const uint8_t *nanos = read_bytes(&r, sizeof self.wallclock);
	const uint8_t *generation = read_bytes(&r, GENERATION_BYTES);
	struct text hostname = read_str16(&r), machine = read_str16(&r), lease = read_str16(&r);
	if (!read_done(&r) || hostname.length < 1 || hostname.length >= sizeof self.hostname
	    || machine.length != sizeof self.machine || lease.length > sizeof self.lease) {
		error(c, "identity.invalid", "IDENTITY is malformed");
		return;
	}
	const volatile uint64_t *current = (const volatile uint64_t *)GENERATION_ID;
	if (load64(generation) != current[0] || load64(generation + 8) != current[1]) {
		error(c, "identity.failed", "the VM generation id is another one");
		return;
	}
	for (unsigned i = 0; i < 8; i++) {
		self.pool[i] ^= load64(entropy + 8 * i);
	}
	self.wallclock = load64(nanos) - began;
	memcpy(self.hostname, hostname.bytes, hostname.length);
	memcpy(self.machine, machine.bytes, machine.length);
	memcpy(self.lease, lease.bytes, lease.length);
	self.hostname_length = hostname.length;
	self.lease_length = lease.length;
	struct packet *packet = tx_packet();
	uint8_t *at = put_header(payload_of(packet), IDENTITY_OK, 8);
	send_small(c, packet, put64(at, (now_nanos() - began) / 1000));
}

static void signal(struct connection *c, const uint8_t *payload, uint32_t length)
{
	uint32_t number = length == 4 ? load32(payload) : 0;
	if (number < 1 || number > 64) {
		error(c, "exec.invalid", "a signal is a u32 in [1, 64]");
	} else if (c->running != NOTHING) {
		finish(c, -1, number, 0);
	}
}

static void malformed(struct connection *c, const char *what)
{
	error(c, "protocol.malformed", what);
	command_dropped(c);
	vsock_close(c);
}

static void request(struct connection *c, uint8_t type, const uint8_t *payload, uint32_t length)
{
	switch (type) {
	case HELLO:
		hello(c, payload, length);
		break;
	case IDENTITY:
		identity(c, payload, length);
		break;
	case EXEC:
		exec(c, payload, length);
		break;
	case STDIN_EOF:
		if (c->running == CAT) {
			finish(c, 0, 0, 0);
		}
		break;
	case SIGNAL:
		signal(c, payload, length);
		break;
	case PING:
		if (length > MAX_PING) {
			malformed(c, "a PING carries at most 64 bytes");
		} else {
			struct packet *packet = tx_packet();
			uint8_t *at = put_header(payload_of(packet), PONG, length);
			send_small(c, packet, put_bytes(at, payload, length));
		}
		break;
	default:
		malformed(c, "unknown request type");
		break;
	}
}

uint32_t agent_consume(struct connection *c, const uint8_t *bytes, uint32_t length)
{
	const uint8_t *at = bytes, *end = bytes + length;
	while (at < end && !c->closing) {
		if (c->stdin_left != 0) {
			uint32_t n = input(c, at, (uint32_t)(end - at));
			if (n == 0) {
				break;
			}
			at += n;
			continue;
		}
		uint32_t there = (uint32_t)(end - at);
		if (there < HEADER) {
			break;
		}
		uint32_t payload = load32(at);
		if (payload > MAX_PAYLOAD) {
			malformed(c, "a payload has at most 1048576 bytes");
		} else if (at[4] == STDIN) {
			at += HEADER;
			c->stdin_left = payload;
		} else if (payload > MAX_REQUEST) {
			malformed(c, "this guest takes requests of at most 65531 bytes");
		} else if (there < HEADER + payload || vsock_credit(c) < payload + 2 * SMALL_REPLY) {
			/* No reply is longer than its request and that much. */
			break;
		} else {
			request(c, at[4], at + HEADER, payload);
			at += HEADER + payload;
		}
	}
	return c->closing ? length : (uint32_t)(at - bytes);
}
