#include "bare.h"

#define AGENT_PORT 1024
#define STREAM 1

enum op { REQUEST = 1, RESPONSE, RST, SHUTDOWN, RW, CREDIT_UPDATE, CREDIT_REQUEST };

#define BOTH_DIRECTIONS 3
#define ANNOUNCE (IN_BYTES / 2) /* the host learns of new credit before half of it is gone */

struct connection connections[CONNECTIONS] __attribute__((aligned(4096)));
static unsigned open_count, displaced;

/* Twice the credit: what is left over is moved to the front only when the end is reached. */
static uint8_t waiting[CONNECTIONS][2 * IN_BYTES] __attribute__((aligned(4096)));

/* The host counts its ports up, so as a rule each connection is in a place of its own. */
static struct connection *place(uint32_t host_port)
{
	return &connections[host_port % CONNECTIONS];
}

static struct connection *find(uint32_t host_port)
{
	struct connection *c = place(host_port);
	if (c->open && c->host_port == host_port) {
		return c;
	}
	for (c = connections; displaced != 0 && c < connections + CONNECTIONS; c++) {
		if (c->open && c->host_port == host_port) {
			return c;
		}
	}
	return NULL;
}

static struct connection *unused(uint32_t host_port)
{
	struct connection *c = place(host_port);
	for (unsigned i = 0; c->open && i < CONNECTIONS; i++) {
		c = &connections[i];
	}
	if (c->open) {
		return NULL;
	}
	displaced += c != place(host_port);
	return c;
}

static void drop(struct connection *c)
{
	command_dropped(c);
	displaced -= c != place(c->host_port);
	open_count--;
	c->open = false;
}

void vsock_reset(void)
{
	for (struct connection *c = connections; open_count != 0; c++) {
		if (c->open) {
			drop(c);
		}
	}
}

static void refuse(const struct packet *p)
{
	struct packet *out = tx_packet();
	*out = (struct packet){
		.src_cid = p->dst_cid,
		.dst_cid = p->src_cid,
		.src_port = p->dst_port,
		.dst_port = p->src_port,
		.type = p->type,
		.op = RST,
	};
	tx_send(out, 0, 0);
}

static void send(struct connection *c, struct packet *out, uint16_t op, uint32_t small, uint32_t large)
{
	*out = c->header;
	out->op = op;
	out->flags = op == SHUTDOWN ? BOTH_DIRECTIONS : 0;
	out->length = small + large;
	out->fwd_cnt = c->forwarded;
	c->announced = c->forwarded;
	c->sent += small + large;
	tx_send(out, small, large);
}

static void control(struct connection *c, uint16_t op)
{
	send(c, tx_packet(), op, 0, 0);
}

void vsock_send(struct connection *c, struct packet *packet, uint32_t small, uint32_t large)
{
	send(c, packet, RW, small, large);
}

uint32_t vsock_credit(const struct connection *c)
{
	uint32_t under_way = c->sent - c->host_forwarded;
	return c->host_alloc > under_way ? c->host_alloc - under_way : 0;
}

void vsock_close(struct connection *c)
{
	c->closing = true;
	control(c, SHUTDOWN);
}

static void request(const struct packet *p, struct connection *old)
{
	if (old != NULL) {
		drop(old);
	}
	struct connection *c = p->dst_port == AGENT_PORT ? unused(p->src_port) : NULL;
	if (c == NULL) {
		refuse(p);
		return;
	}
	open_count++;
	/* The address is what the host calls this guest: a clone's need not be read from the device. */
	*c = (struct connection){
		.open = true,
		.host_port = p->src_port,
		.host_alloc = p->buf_alloc,
		.host_forwarded = p->fwd_cnt,
		.header = {
			.src_cid = p->dst_cid,
			.dst_cid = p->src_cid,
			.src_port = p->dst_port,
			.dst_port = p->src_port,
			.type = STREAM,
			.buf_alloc = IN_BYTES,
		},
	};
	control(c, RESPONSE);
}

/* Gives what waits to the agent, which takes whole frames and what its command reads. */
static void feed(struct connection *c)
{
	uint8_t *buffer = waiting[c - connections];
	uint32_t n = agent_consume(c, buffer + c->in_head, c->in_tail - c->in_head);
	c->forwarded += n;
	c->in_head += n;
	if (c->in_head == c->in_tail) {
		c->in_head = c->in_tail = 0;
	}
}

static void announce(struct connection *c)
{
	if (c->forwarded - c->announced >= ANNOUNCE) {
		control(c, CREDIT_UPDATE);
	}
}

void vsock_retry(struct connection *c)
{
	if (c->in_tail != 0) {
		feed(c);
		announce(c);
	}
}

static void take(struct connection *c, const uint8_t *bytes, uint32_t length)
{
	uint8_t *buffer = waiting[c - connections];
	if (length == 0) {
		return;
	}
	if (c->in_tail == 0) {
		uint32_t n = agent_consume(c, bytes, length);
		c->forwarded += n;
		bytes += n;
		length -= n;
		if (length == 0) {
			return;
		}
	}
	if (c->in_tail + length > 2 * IN_BYTES) {
		/* Forwards, onto bytes that were read before. */
		memcpy(buffer, buffer + c->in_head, c->in_tail - c->in_head);
		c->in_tail -= c->in_head;
		c->in_head = 0;
	}
	bool first = c->in_tail == 0;
	memcpy(buffer + c->in_tail, bytes, length);
	c->in_tail += length;
	if (!first) {
		feed(c);
	}
}

static void data(struct connection *c, const struct packet *p, const uint8_t *large)
{
	uint32_t small = p->length < ROOM ? p->length : (uint32_t)ROOM;
	c->received += p->length;
	if (c->received - c->forwarded > IN_BYTES) {
		drop(c);
		refuse(p);
		return;
	}
	take(c, (const uint8_t *)(p + 1), small);
	take(c, large, p->length - small);
	announce(c);
}

void vsock_receive(const struct packet *p, const uint8_t *large)
{
	struct connection *c = find(p->src_port);
	if (p->op == REQUEST) {
		request(p, c);
		return;
	}
	if (c == NULL) {
		if (p->op != RST) {
			refuse(p);
		}
		return;
	}
	c->host_alloc = p->buf_alloc;
	c->host_forwarded = p->fwd_cnt;
	switch (p->op) {
	case RW:
		data(c, p, large);
		break;
	case CREDIT_UPDATE:
		vsock_retry(c);
		break;
	case CREDIT_REQUEST:
		control(c, CREDIT_UPDATE);
		vsock_retry(c);
		break;
	case RST:
		drop(c);
		break;
	default:
		/* A host that shuts down one direction is done with its request, too. */
		drop(c);
		refuse(p);
		break;
	}
}
