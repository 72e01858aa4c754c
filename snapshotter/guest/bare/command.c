#include "wire.h"

#define STARTED_BYTES (HEADER + 4u)
#define EXIT_BYTES (HEADER + 33u)
#define SWALLOWED 65536u /* of input that a command does not read, as a pipe would hold */
#define TIMED_OUT 1u
#define SIGKILL 9u
#define MILLISECOND 1000000ul

static uint32_t next_pid = 2, spinning, limited;
static uint8_t scratch[IN_BYTES + 1] __attribute__((aligned(4096)));

static uint8_t *put_started(struct connection *c, uint8_t *at)
{
	c->began = now_nanos();
	return put32(put_header(at, STARTED, 4), next_pid++);
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

void command_dropped(struct connection *c)
{
	spinning -= c->running == SPIN;
	if (c->deadline != 0 && --limited == 0) {
		ticks(false);
	}
	c->deadline = 0;
	c->running = NOTHING;
}

bool command_spins(void)
{
	return spinning != 0;
}

void finish(struct connection *c, int code, uint32_t signal, uint8_t how)
{
	struct packet *packet = tx_packet();
	uint8_t *end = put_exit(c, payload_of(packet), code, signal, how);
	send_small(c, packet, end);
	command_dropped(c);
}

void command_deadlines(void)
{
	if (limited == 0) {
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
	spinning += what == SPIN;
	if (timeout_millis != 0 && c->began != 0) {
		c->deadline = c->began + timeout_millis * MILLISECOND;
		if (limited++ == 0) {
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

void exec(struct connection *c, const uint8_t *payload, uint32_t length)
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

/* What the command reads of its input now. */
uint32_t input(struct connection *c, const uint8_t *bytes, uint32_t length)
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
