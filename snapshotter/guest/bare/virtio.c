#include "bare.h"

/* Registers, virtio 1.2 section 4.2.2; ring layouts, section 2.7. */
#define MAGIC 0x000
#define DEVICE_ID 0x008
#define DRIVER_FEATURES 0x020
#define DRIVER_FEATURES_SEL 0x024
#define QUEUE_SEL 0x030
#define QUEUE_NUM 0x038
#define QUEUE_READY 0x044
#define QUEUE_NOTIFY 0x050
#define STATUS 0x070
#define QUEUE_DESC 0x080
#define QUEUE_DRIVER 0x090
#define QUEUE_DEVICE 0x0a0

#define ID_VSOCK 19
#define ACKNOWLEDGE 1
#define DRIVER 2
#define DRIVER_OK 4
#define FEATURES_OK 8
#define F_EVENT_IDX (1u << 29)
#define F_VERSION_1_HIGH 1u

#define NEXT 1
#define WRITE 2

#define BUFFERS 16 /* of a queue; each of two descriptors: a small part, a large one */
#define RING (2 * BUFFERS)
#define EVENTS 2

enum { RX, TX, EVENT };

struct descriptor {
	uint64_t address;
	uint32_t length;
	uint16_t flags, next;
};

struct available {
	uint16_t flags, index, ring[RING], used_event;
};

struct used {
	uint16_t flags, index;
	struct {
		uint32_t id, length;
	} ring[RING];
	uint16_t available_event;
};

struct queue {
	struct descriptor descriptors[RING];
	struct available available;
	struct used used __attribute__((aligned(4)));
	uint16_t taken, notified;
} __attribute__((aligned(16)));

/* Together, so that a restored guest dirties few pages: rings, then what short packets fill. */
static struct {
	struct queue queues[3];
	uint32_t events[EVENTS];
	uint8_t tx_free[BUFFERS], tx_free_count;
} device __attribute__((aligned(4096)));

static uint8_t rx_small[BUFFERS][SMALL_BYTES] __attribute__((aligned(4096)));
static uint8_t tx_small[BUFFERS][SMALL_BYTES] __attribute__((aligned(4096)));
static uint8_t rx_large[BUFFERS][LARGE_BYTES] __attribute__((aligned(4096)));
static uint8_t tx_larges[BUFFERS][LARGE_BYTES] __attribute__((aligned(4096)));

static volatile uint32_t *reg(unsigned offset)
{
	return (volatile uint32_t *)(VSOCK_MMIO + offset);
}

static uint16_t used_index(const struct queue *q)
{
	uint16_t index = *(const volatile uint16_t *)&q->used.index;
	compiler_barrier();
	return index;
}

static void offer(struct queue *q, uint16_t descriptor)
{
	q->available.ring[q->available.index & (RING - 1)] = descriptor;
	compiler_barrier();
	*(volatile uint16_t *)&q->available.index = (uint16_t)(q->available.index + 1);
}

/* Tells the device of what was offered, if it asked to be told. Section 2.7.10. */
static void notify(unsigned number)
{
	struct queue *q = &device.queues[number];
	uint16_t now = q->available.index, before = q->notified;
	if (now == before) {
		return;
	}
	full_barrier();
	uint16_t event = *(volatile uint16_t *)&q->used.available_event;
	q->notified = now;
	if ((uint16_t)(now - event - 1) < (uint16_t)(now - before)) {
		*reg(QUEUE_NOTIFY) = number;
	}
}

/* Asks for an interrupt at the next buffer given back; false if one came before it asked. */
static bool idle(struct queue *q)
{
	*(volatile uint16_t *)&q->available.used_event = q->taken;
	full_barrier();
	return used_index(q) == q->taken;
}

static void queue_init(unsigned number)
{
	struct queue *q = &device.queues[number];
	*reg(QUEUE_SEL) = number;
	*reg(QUEUE_NUM) = RING;
	*reg(QUEUE_DESC) = (uint32_t)(uint64_t)q->descriptors;
	*reg(QUEUE_DRIVER) = (uint32_t)(uint64_t)&q->available;
	*reg(QUEUE_DEVICE) = (uint32_t)(uint64_t)&q->used;
	*reg(QUEUE_READY) = 1;
}

static void descriptor(struct queue *q, unsigned index, void *memory, uint32_t length, uint16_t flags)
{
	q->descriptors[index] =
		(struct descriptor){(uint64_t)memory, length, flags, (uint16_t)(index + 1)};
}

void device_init(void)
{
	struct queue *rx = &device.queues[RX], *tx = &device.queues[TX], *event = &device.queues[EVENT];
	if (*reg(DEVICE_ID) != ID_VSOCK) {
		die(*reg(MAGIC), *reg(DEVICE_ID));
	}
	*reg(STATUS) = 0;
	*reg(STATUS) = ACKNOWLEDGE | DRIVER;
	*reg(DRIVER_FEATURES_SEL) = 0;
	*reg(DRIVER_FEATURES) = F_EVENT_IDX;
	*reg(DRIVER_FEATURES_SEL) = 1;
	*reg(DRIVER_FEATURES) = F_VERSION_1_HIGH;
	*reg(STATUS) = ACKNOWLEDGE | DRIVER | FEATURES_OK;
	queue_init(RX);
	queue_init(TX);
	queue_init(EVENT);
	for (unsigned i = 0; i < BUFFERS; i++) {
		descriptor(rx, 2 * i, rx_small[i], SMALL_BYTES, NEXT | WRITE);
		descriptor(rx, 2 * i + 1, rx_large[i], LARGE_BYTES, WRITE);
		offer(rx, (uint16_t)(2 * i));
		descriptor(tx, 2 * i, tx_small[i], 0, 0);
		descriptor(tx, 2 * i + 1, tx_larges[i], 0, 0);
		device.tx_free[i] = (uint8_t)(BUFFERS - 1 - i);
	}
	device.tx_free_count = BUFFERS;
	for (unsigned i = 0; i < EVENTS; i++) {
		descriptor(event, i, &device.events[i], sizeof device.events[i], WRITE);
		offer(event, (uint16_t)i);
	}
	*reg(STATUS) = ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK;
	notify(RX);
	notify(EVENT);
}

/* Packets the device has taken. It is never asked to interrupt for them: used_event stays where
 * the index will not pass soon. */
static void tx_reclaim(void)
{
	struct queue *q = &device.queues[TX];
	uint16_t index = used_index(q);
	for (; q->taken != index; q->taken++) {
		uint32_t id = q->used.ring[q->taken & (RING - 1)].id;
		device.tx_free[device.tx_free_count++] = (uint8_t)(id / 2);
	}
	q->available.used_event = (uint16_t)(index + 0x7fff);
}

struct packet *tx_packet(void)
{
	if (device.tx_free_count == 0) {
		tx_reclaim();
	}
	while (device.tx_free_count == 0) {
		notify(TX);
		__asm__ volatile("pause");
		tx_reclaim();
	}
	/* The one given back last: its page is dirty already. */
	return (struct packet *)tx_small[device.tx_free[--device.tx_free_count]];
}

static unsigned number_of(const struct packet *packet)
{
	return (unsigned)(((const uint8_t *)packet - tx_small[0]) / SMALL_BYTES);
}

uint8_t *tx_large(const struct packet *packet)
{
	return tx_larges[number_of(packet)];
}

void tx_send(struct packet *packet, uint32_t small, uint32_t large)
{
	struct queue *q = &device.queues[TX];
	unsigned i = 2 * number_of(packet);
	q->descriptors[i].length = (uint32_t)sizeof *packet + small;
	q->descriptors[i].flags = large ? NEXT : 0;
	q->descriptors[i + 1].length = large;
	offer(q, (uint16_t)i);
}

static void poll_events(void)
{
	struct queue *q = &device.queues[EVENT];
	do {
		for (uint16_t index = used_index(q); q->taken != index; q->taken++) {
			/* There is one event: the transport was reset. */
			vsock_reset();
			offer(q, (uint16_t)q->used.ring[q->taken & (RING - 1)].id);
		}
	} while (!idle(q));
	notify(EVENT);
}

static void poll_packets(void)
{
	struct queue *q = &device.queues[RX];
	do {
		for (uint16_t index = used_index(q); q->taken != index; q->taken++) {
			uint16_t id = (uint16_t)q->used.ring[q->taken & (RING - 1)].id;
			vsock_receive((struct packet *)rx_small[id / 2], rx_large[id / 2]);
			offer(q, id);
		}
	} while (!idle(q));
	notify(RX);
}

/* The interrupt's cause is not read and not acknowledged: each is an exit to the monitor, lines are
 * edges, and the rings say it all. */
void device_poll(void)
{
	poll_events();
	poll_packets();
	tx_reclaim();
	notify(TX);
}
