#include "bare.h"

#define PROTOCOL_VERSION 1u
#define MAX_PAYLOAD (1024u * 1024u)
#define MAX_REQUEST (IN_BYTES - HEADER) /* it is kept whole; STDIN is not */
#define MAX_PING 64u
#define HEADER 5u
#define STARTED_BYTES (HEADER + 4u)
#define EXIT_BYTES (HEADER + 33u)
#define SWALLOWED 65536u /* of input that a command does not read, as a pipe would hold */
#define SMALL_REPLY 192u /* any reply but output */

enum frame_type {
	HELLO = 0x01, IDENTITY, EXEC, STDIN, STDIN_EOF, SIGNAL, PING,
	HELLO_OK = 0x81, IDENTITY_OK, STARTED, STDOUT, STDERR, EXIT, PONG, ERROR = 0xff,
};

#define TIMED_OUT 1u
#define SIGKILL 9u

struct text {
	const uint8_t *bytes;
	uint32_t length;
};

/* What an IDENTITY said last, and room for what a command prints. */
static struct {
	uint64_t pool[8], wallclock;
	uint8_t generation[16], hostname[64], machine[32], lease[128];
	uint32_t hostname_length, lease_length, next_pid, spinning, limited;
} self = {.next_pid = 2};

static uint8_t scratch[IN_BYTES + 1] __attribute__((aligned(4096)));

/* Reading. Unaligned loads: little-endian here as on the wire. */
struct reader {
	const uint8_t *at, *end;
	bool bad;
};

static const uint8_t *read_bytes(struct reader *r, uint32_t length)
{
	const uint8_t *at = r->at;
	if (r->bad || (uint64_t)(r->end - at) < length) {
		r->bad = true;
		return NULL;
	}
	r->at += length;
	return at;
}

static uint32_t load32(const uint8_t *at)
{
	uint32_t v;
	__builtin_memcpy(&v, at, sizeof v);
	return v;
}

static uint32_t load16(const uint8_t *at)
{
	uint16_t v;
	__builtin_memcpy(&v, at, sizeof v);
	return v;
}

static uint32_t read_u32(struct reader *r)
{
	const uint8_t *at = read_bytes(r, 4);
	return at ? load32(at) : 0;
}

static uint32_t read_u16(struct reader *r)
{
	const uint8_t *at = read_bytes(r, 2);
	return at ? load16(at) : 0;
}

static struct text read_str16(struct reader *r)
{
	struct text t;
	t.length = read_u16(r);
	t.bytes = read_bytes(r, t.length);
	return t;
}

static struct text read_str32(struct reader *r)
{
	struct text t;
	t.length = read_u32(r);
	t.bytes = read_bytes(r, t.length);
	return t;
}

static bool read_done(const struct reader *r)
{
	return !r->bad && r->at == r->end;
}

/* Writing: frames one after the other into a packet's small part. */
static uint8_t *put16(uint8_t *at, uint32_t v)
{
	uint16_t half = (uint16_t)v;
	__builtin_memcpy(at, &half, sizeof half);
	return at + sizeof half;
}

static uint8_t *put32(uint8_t *at, uint32_t v)
{
	__builtin_memcpy(at, &v, sizeof v);
	return at + sizeof v;
}

static uint8_t *put64(uint8_t *at, uint64_t v)
{
	__builtin_memcpy(at, &v, sizeof v);
	return at + sizeof v;
}

static uint8_t *put_bytes(uint8_t *at, const void *bytes, uint32_t length)
{
	memcpy(at, bytes, length);
	return at + length;
}

static uint8_t *put_text(uint8_t *at, const char *text)
{
	while (*text != 0) {
		*at++ = (uint8_t)*text++;
	}
	return at;
}

static uint8_t *put_header(uint8_t *at, uint8_t type, uint32_t length)
{
	at = put32(at, length);
	*at = type;
	return at + 1;
}

static uint8_t *payload_of(struct packet *packet)
{
	return (uint8_t *)(packet + 1);
}

static void send_small(struct connection *c, struct packet *packet, const uint8_t *end)
{
	vsock_send(c, packet, (uint32_t)(end - payload_of(packet)), 0);
}

static void error(struct connection *c, const char *code, const char *message)
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

/* Commands. */
static uint8_t *put_started(struct connection *c, uint8_t *at)
{
	c->began = now_nanos();
	return put32(put_header(at, STARTED, 4), self.next_pid++);
}

static uint8_t *put_exit(struct connection *c, uint8_t *at, int code, uint32_t signal, uint8_t how)
{
	uint64_t micros = (now_nanos() - c->began) / 1000;
	at = put_header(at, EXIT, EXIT_BYTES - HEADER);
	at = put32(at, (uint32_t)code);
	at = put32(at, signal);
	*at++ = how;
	at = put64(at, micros);
	at = put64(at, c->running == CAT || c->running == SLEEP ? 0 : micros);
	return put64(at, 0);
}

void agent_dropped(struct connection *c)
{
	self.spinning -= c->running == SPIN;
	if (c->deadline != 0 && --self.limited == 0) {
		ticks(false);
	}
	c->deadline = 0;
	c->running = NOTHING;
}

bool agent_spins(void)
{
	return self.spinning != 0;
}

static void finish(struct connection *c, int code, uint32_t signal, uint8_t how)
{
	struct packet *packet = tx_packet();
	uint8_t *end = put_exit(c, payload_of(packet), code, signal, how);
	send_small(c, packet, end);
	agent_dropped(c);
}

void agent_deadlines(void)
{
	if (self.limited == 0) {
		return;
	}
	uint64_t now = now_nanos();
	for (struct connection *c = connections; c < connections + CONNECTIONS; c++) {
		if (c->open && c->deadline != 0 && now >= c->deadline && vsock_credit(c) >= SMALL_REPLY) {
			finish(c, -1, SIGKILL, TIMED_OUT);
			vsock_retry(c);
		}
	}
}

static void begin(struct connection *c, enum running what, uint32_t timeout_millis)
{
	struct packet *packet = tx_packet();
	send_small(c, packet, put_started(c, payload_of(packet)));
	c->running = (uint8_t)what;
	c->swallowed = 0;
	self.spinning += what == SPIN;
	if (timeout_millis != 0 && c->began != 0) {
		c->deadline = c->began + timeout_millis * 1000000ul;
		if (self.limited++ == 0) {
			ticks(true);
		}
	}
}

/* Sends output as far as the host's credit goes. Returns how much it was. */
static uint32_t print(struct connection *c, const uint8_t *bytes, uint32_t length)
{
	uint32_t done = 0;
	while (done < length) {
		uint32_t credit = vsock_credit(c);
		if (credit <= HEADER) {
			break;
		}
		uint32_t part = length - done;
		part = part < credit - HEADER ? part : credit - HEADER;
		part = part < LARGE_BYTES ? part : LARGE_BYTES;
		struct packet *packet = tx_packet();
		uint8_t *at = put_header(payload_of(packet), STDOUT, part);
		if (part <= ROOM - HEADER) {
			memcpy(at, bytes + done, part);
			vsock_send(c, packet, HEADER + part, 0);
		} else {
			memcpy(tx_large(packet), bytes + done, part);
			vsock_send(c, packet, HEADER, part);
		}
		done += part;
	}
	return done;
}

/* A command that prints and ends: in one packet if it fits. */
static void run_at_once(struct connection *c, int code, uint32_t length)
{
	struct packet *packet = tx_packet();
	uint8_t *at = put_started(c, payload_of(packet));
	if (STARTED_BYTES + HEADER + length + EXIT_BYTES <= ROOM) {
		if (length > 0) {
			at = put_bytes(put_header(at, STDOUT, length), scratch, length);
		}
		send_small(c, packet, put_exit(c, at, code, 0, 0));
	} else {
		send_small(c, packet, at);
		print(c, scratch, length);
		finish(c, code, 0, 0);
	}
}

static uint32_t join(struct reader *r, uint32_t argc)
{
	uint8_t *at = scratch;
	for (uint32_t i = 0; i < argc; i++) {
		struct text word = read_str32(r);
		if (i > 0) {
			*at++ = ' ';
		}
		at = put_bytes(at, word.bytes, word.length);
	}
	*at++ = '\n';
	return (uint32_t)(at - scratch);
}

static uint32_t who(void)
{
	uint8_t *at = put_bytes(scratch, self.hostname, self.hostname_length);
	*at++ = '\n';
	at = put_bytes(at, self.machine, self.hostname_length ? sizeof self.machine : 0);
	*at++ = '\n';
	at = put_bytes(at, self.lease, self.lease_length);
	*at++ = '\n';
	return (uint32_t)(at - scratch);
}

static bool is(struct text name, const char *command)
{
	uint32_t i = 0;
	for (; i < name.length && command[i] != 0; i++) {
		if (name.bytes[i] != (uint8_t)command[i]) {
			return false;
		}
	}
	return i == name.length && command[i] == 0;
}

static struct text last_part(struct text path)
{
	for (uint32_t i = path.length; i > 0; i--) {
		if (path.bytes[i - 1] == '/') {
			return (struct text){path.bytes + i, path.length - i};
		}
	}
	return path;
}

static void panic(struct reader *arguments, uint32_t argc)
{
	say("Kernel panic - not syncing: asked for\n");
	if (argc == 1 && is(read_str32(arguments), "triple-fault")) {
		triple_fault();
	}
	reset_machine();
}

static void exec(struct connection *c, const uint8_t *payload, uint32_t length)
{
	struct reader r = {payload, payload + length, false};
	uint32_t timeout_millis = read_u32(&r);
	read_u32(&r);
	uint32_t flags = read_u32(&r), argc = read_u16(&r);
	struct text name = read_str32(&r);
	struct reader arguments = r;
	for (uint32_t i = 1; i < argc && !r.bad; i++) {
		read_str32(&r);
	}
	uint32_t envc = read_u16(&r);
	for (uint32_t i = 0; i < envc && !r.bad; i++) {
		read_str32(&r);
	}
	struct text cwd = read_str16(&r);
	if (c->running != NOTHING) {
		error(c, "exec.busy", "this connection runs a command already");
	} else if (!read_done(&r) || argc == 0 || name.length == 0 || flags > 1) {
		error(c, "exec.invalid", "malformed EXEC");
	} else if (cwd.length > 1 || (cwd.length == 1 && cwd.bytes[0] != '/')) {
		error(c, "exec.bad_cwd", "there is no directory but /");
	} else if (name = last_part(name), is(name, "true")) {
		run_at_once(c, 0, 0);
	} else if (is(name, "echo")) {
		run_at_once(c, 0, join(&arguments, argc - 1));
	} else if (is(name, "cat")) {
		begin(c, CAT, timeout_millis);
	} else if (is(name, "id")) {
		run_at_once(c, 0, who());
	} else if (is(name, "false")) {
		run_at_once(c, 1, 0);
	} else if (is(name, "spin")) {
		begin(c, SPIN, timeout_millis);
	} else if (is(name, "sleep")) {
		begin(c, SLEEP, timeout_millis);
	} else if (is(name, "panic")) {
		panic(&arguments, argc - 1);
	} else {
		error(c, "exec.not_found", "no such command");
	}
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
	uint64_t began = now_nanos(), word;
	const uint8_t *entropy = read_bytes(&r, sizeof self.pool);
	const uint8_t *nanos = read_bytes(&r, sizeof self.wallclock);
	const uint8_t *generation = read_bytes(&r, sizeof self.generation);
	struct text hostname = read_str16(&r), machine = read_str16(&r), lease = read_str16(&r);
	if (!read_done(&r) || hostname.length < 1 || hostname.length >= sizeof self.hostname
	    || machine.length != sizeof self.machine || lease.length > sizeof self.lease) {
		error(c, "identity.invalid", "IDENTITY is malformed");
		return;
	}
	const volatile uint64_t *current = (const volatile uint64_t *)GENERATION_ID;
	memcpy(self.generation, generation, sizeof self.generation);
	uint64_t named[2] = {current[0], current[1]};
	if (memcmp(named, self.generation, sizeof named) != 0) {
		error(c, "identity.failed", "the VM generation id is another one");
		return;
	}
	for (unsigned i = 0; i < 8; i++) {
		__builtin_memcpy(&word, entropy + 8 * i, sizeof word);
		self.pool[i] ^= word;
	}
	__builtin_memcpy(&word, nanos, sizeof word);
	self.wallclock = word - began;
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
	agent_dropped(c);
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

/* What the command reads of its input now. */
static uint32_t input(struct connection *c, const uint8_t *bytes, uint32_t length)
{
	if (length > c->stdin_left) {
		length = c->stdin_left;
	}
	if (c->running == CAT) {
		length = print(c, bytes, length);
	} else if (c->running != NOTHING) {
		length = length < SWALLOWED - c->swallowed ? length : SWALLOWED - c->swallowed;
		c->swallowed += length;
	}
	c->stdin_left -= length;
	return length;
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
