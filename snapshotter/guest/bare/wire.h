/* The agent protocol's bytes, and what command.c and agent.c tell each other. */
#ifndef REKINDLE_BARE_WIRE_H
#define REKINDLE_BARE_WIRE_H

#include "bare.h"

#define HEADER 5u

enum frame_type {
	HELLO = 0x01, IDENTITY, EXEC, STDIN, STDIN_EOF, SIGNAL, PING,
	HELLO_OK = 0x81, IDENTITY_OK, STARTED, STDOUT, STDERR, EXIT, PONG, ERROR = 0xff,
};

struct text {
	const uint8_t *bytes;
	uint32_t length;
};

/* Reading. Unaligned loads: little-endian here as on the wire. */
struct reader {
	const uint8_t *at, *end;
	bool bad;
};

static inline const uint8_t *read_bytes(struct reader *r, uint32_t length)
{
	const uint8_t *at = r->at;
	if (r->bad || (uint64_t)(r->end - at) < length) {
		r->bad = true;
		return NULL;
	}
	r->at += length;
	return at;
}

static inline uint64_t load64(const uint8_t *at)
{
	uint64_t v;
	__builtin_memcpy(&v, at, sizeof v);
	return v;
}

static inline uint32_t load32(const uint8_t *at)
{
	uint32_t v;
	__builtin_memcpy(&v, at, sizeof v);
	return v;
}

static inline uint32_t load16(const uint8_t *at)
{
	uint16_t v;
	__builtin_memcpy(&v, at, sizeof v);
	return v;
}

static inline uint32_t read_u32(struct reader *r)
{
	const uint8_t *at = read_bytes(r, 4);
	return at ? load32(at) : 0;
}

static inline uint32_t read_u16(struct reader *r)
{
	const uint8_t *at = read_bytes(r, 2);
	return at ? load16(at) : 0;
}

static inline struct text read_str16(struct reader *r)
{
	struct text t;
	t.length = read_u16(r);
	t.bytes = read_bytes(r, t.length);
	return t;
}

static inline struct text read_str32(struct reader *r)
{
	struct text t;
	t.length = read_u32(r);
	t.bytes = read_bytes(r, t.length);
	return t;
}

static inline bool read_done(const struct reader *r)
{
	return !r->bad && r->at == r->end;
}

/* Writing: frames one after the other into a packet's small part. */
static inline uint8_t *put16(uint8_t *at, uint32_t v)
{
	uint16_t half = (uint16_t)v;
	__builtin_memcpy(at, &half, sizeof half);
	return at + sizeof half;
}

static inline uint8_t *put32(uint8_t *at, uint32_t v)
{
	__builtin_memcpy(at, &v, sizeof v);
	return at + sizeof v;
}

static inline uint8_t *put64(uint8_t *at, uint64_t v)
{
	__builtin_memcpy(at, &v, sizeof v);
	return at + sizeof v;
}

static inline uint8_t *put_bytes(uint8_t *at, const void *bytes, uint32_t length)
{
	memcpy(at, bytes, length);
	return at + length;
}

static inline uint8_t *put_text(uint8_t *at, const char *text)
{
	while (*text != 0) {
		*at++ = (uint8_t)*text++;
	}
	return at;
}

static inline uint8_t *put_header(uint8_t *at, uint8_t type, uint32_t length)
{
	at = put32(at, length);
	*at = type;
	return at + 1;
}

static inline uint8_t *payload_of(struct packet *packet)
{
	return (uint8_t *)(packet + 1);
}

/* agent.c */
struct identity { /* what an IDENTITY said last */
	uint64_t pool[8], wallclock;
	uint8_t hostname[64], machine[32], lease[128];
	uint32_t hostname_length, lease_length;
};
extern struct identity self;
void send_small(struct connection *c, struct packet *packet, const uint8_t *end);
void error(struct connection *c, const char *code, const char *message);

/* command.c */
#define SMALL_REPLY 192u /* any reply but output */
void exec(struct connection *c, const uint8_t *payload, uint32_t length);
void finish(struct connection *c, int code, uint32_t signal, uint8_t how);
uint32_t input(struct connection *c, const uint8_t *bytes, uint32_t length); /* how much it read */

#endif
