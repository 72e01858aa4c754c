/* Rekindle's bare guest: the agent protocol without an operating system, for tests and benchmarks
 * on a KVM that emulates every instruction. docs/agent-protocol.md, "The bare guest". One thread:
 * a loop that halts until an interrupt and then looks at the rings. Every instruction counts. */
#ifndef REKINDLE_BARE_H
#define REKINDLE_BARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BARE_VERSION "0.1.0-bare"

/* The monitor's address map (AddressMap): the socket device is in slot 0. */
#define GENERATION_ID 0xf0000ul
#define GENERATION_BYTES 16u
#define VSOCK_MMIO 0xd0000000ul
#define VSOCK_GSI 5

#define VECTOR_DEVICE 0x40
#define VECTOR_TICK 0x41

#define compiler_barrier() __asm__ volatile("" ::: "memory")
#define full_barrier() __asm__ volatile("lock orl $0, (%%rsp)" ::: "memory", "cc")

/* start.S */
void interrupt(void);
void spurious(void);
void fault(void);
void await_interrupt(void);
void let_interrupts_in(void);

/* main.c */
void say(const char *text);
void say_hex(uint64_t value);
_Noreturn void die(uint64_t first, uint64_t second);
_Noreturn void reset_machine(void);
_Noreturn void triple_fault(void);
void *memcpy(void *to, const void *from, size_t length);
void *memset(void *to, int byte, size_t length);

/* clock.c: nanoseconds by kvm-clock; 0, and no ticks, where KVM has none */
void clock_init(void);
uint64_t now_nanos(void);
void ticks(bool on); /* an interrupt every 10 ms */

/* virtio.c: the device's registers and its three queues */
#define SMALL_BYTES 256u         /* header and short payloads, many in a page: few pages get dirty */
#define LARGE_BYTES (16u * 1024u) /* what follows */

struct packet { /* struct virtio_vsock_hdr */
	uint64_t src_cid, dst_cid;
	uint32_t src_port, dst_port, length;
	uint16_t type, op;
	uint32_t flags, buf_alloc, fwd_cnt;
} __attribute__((packed));

#define ROOM (SMALL_BYTES - sizeof(struct packet)) /* of a packet without its large part */

void device_init(void);
void device_poll(void); /* handles all that came, sends all that was put */
struct packet *tx_packet(void);                 /* a packet to fill; waits for the device if it must */
uint8_t *tx_large(const struct packet *packet); /* its large part */
void tx_send(struct packet *packet, uint32_t small, uint32_t large); /* payload bytes in each part */

/* vsock.c: connections */
#define CONNECTIONS 64
#define IN_BYTES (64u * 1024u) /* credit given to the host */

enum running { NOTHING, CAT, SPIN, SLEEP };

struct connection {
	bool open, closing;
	uint8_t running;
	uint32_t host_port;
	uint32_t host_alloc, host_forwarded, sent;
	uint32_t received, forwarded, announced;
	uint32_t in_head, in_tail; /* bytes that wait, in the connection's buffer */
	uint32_t stdin_left;       /* of the STDIN frame being read */
	uint32_t swallowed;        /* input that a command holds unread */
	uint64_t began, deadline;
	struct packet header;
};
extern struct connection connections[CONNECTIONS];

void vsock_receive(const struct packet *packet, const uint8_t *large);
void vsock_reset(void); /* the transport's: all connections are gone */
uint32_t vsock_credit(const struct connection *c);
void vsock_send(struct connection *c, struct packet *packet, uint32_t small, uint32_t large);
void vsock_close(struct connection *c);
void vsock_retry(struct connection *c); /* its command may read now what it left */

/* agent.c: frames */
uint32_t agent_consume(struct connection *c, const uint8_t *bytes, uint32_t length);

/* command.c */
void command_dropped(struct connection *c); /* it ends, and nobody is told */
bool command_spins(void);
void command_deadlines(void);

#endif
