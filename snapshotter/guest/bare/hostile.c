#include "wire.h"

/* What a guest does that means harm to the monitor and to its neighbours. None of it ends. */

#define COM1 0x3f8
#define KEYBOARD 0x60
#define WINDOWS_BYTES 0x4000u /* those of the devices, and some behind where there are none */
#define QUEUE_NOTIFY 0x050
#define MEMORY_TO 0x1000000ul /* 16 MiB, what the tests give it */

extern uint8_t image_end[]; /* bare.ld */

static uint64_t state = 88172645463325252ul;

static uint64_t random64(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	return state ^= state << 17;
}

static void out8(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" ::"a"(value), "Nd"(port));
}

static void in8(uint16_t port)
{
	uint8_t value;
	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
}

/* Any register of any device, any width, any value; but for what would reset the machine. */
static void registers(void)
{
	uint64_t r = random64();
	uint64_t address = VSOCK_MMIO + (r >> 8) % WINDOWS_BYTES;
	switch (r & 15) {
	case 0: *(volatile uint8_t *)address = (uint8_t)random64(); break;
	case 1: *(volatile uint16_t *)(address & ~1ul) = (uint16_t)random64(); break;
	case 2: *(volatile uint64_t *)(address & ~7ul) = random64(); break;
	case 3: (void)*(volatile uint64_t *)(address & ~7ul); break;
	case 4: (void)*(volatile uint8_t *)address; break;
	case 5: out8((uint16_t)(COM1 + (r >> 40) % 8), (uint8_t)random64()); break;
	case 6: in8((uint16_t)(COM1 + (r >> 40) % 8)); break;
	case 7: out8(KEYBOARD, (uint8_t)(random64() | 1)); break;
	case 8: in8((uint16_t)(KEYBOARD + (r >> 40) % 5)); break;
	case 9: (void)*(volatile uint32_t *)(address & ~3ul); break;
	default: *(volatile uint32_t *)(address & ~3ul) = (uint32_t)random64(); break;
	}
}

/* Rings and descriptors of any contents, and the device told of them. */
static void queues(void)
{
	uint32_t length;
	uint8_t *rings = device_rings(&length);
	for (int i = 0; i < 64; i++) {
		uint64_t r = random64();
		*(volatile uint16_t *)(rings + (r >> 16) % (length / 2) * 2) =
			(uint16_t)(r & 1 ? r >> 48 : (r >> 48) & 31);
	}
	*(volatile uint32_t *)(VSOCK_MMIO + QUEUE_NOTIFY) = (uint32_t)random64() & 3;
}

static void notifications(void)
{
	*(volatile uint32_t *)(VSOCK_MMIO + QUEUE_NOTIFY) = (uint32_t)random64() & 3;
}

static void console(void)
{
	out8(COM1, 'x');
}

static void memory(void)
{
	for (uint64_t at = (uint64_t)image_end; at < MEMORY_TO; at += 4096) {
		*(volatile uint64_t *)at = random64();
	}
}

static void nothing(void)
{
	__asm__ volatile("pause");
}

void hostile(struct text way)
{
	static const struct {
		const char *name;
		void (*act)(void);
	} ways[] = {
		{"registers", registers}, {"queues", queues}, {"notifications", notifications},
		{"console", console},     {"memory", memory}, {"spin", nothing},
	};
	for (unsigned i = 0; i < sizeof ways / sizeof ways[0]; i++) {
		while (is(way, ways[i].name)) {
			ways[i].act();
		}
	}
}
