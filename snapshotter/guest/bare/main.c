#include "bare.h"

#define COM1 0x3f8
#define I8042_COMMAND 0x64
#define I8042_RESET 0xfe
#define PIC1_DATA 0x21
#define PIC2_DATA 0xa1

#define LAPIC 0xfee00000ul
#define LAPIC_TASK_PRIORITY 0x080
#define LAPIC_SPURIOUS 0x0f0
#define LAPIC_LINT0 0x350
#define LAPIC_ENABLED 0x100
#define LAPIC_MASKED 0x10000
#define IOAPIC 0xfec00000ul
#define IOAPIC_REDIRECTION 0x10

#define CODE_SELECTOR 0x10
#define GATE_INTERRUPT 0x8e
#define VECTOR_SPURIOUS 0xff
#define FAULTS 32

struct gate {
	uint16_t offset0, selector;
	uint8_t stack, type;
	uint16_t offset1;
	uint32_t offset2, zero;
};

static struct gate idt[256] __attribute__((aligned(16)));

static void out8(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" ::"a"(value), "Nd"(port));
}

static void write32(uint64_t address, uint32_t value)
{
	*(volatile uint32_t *)address = value;
}

void say(const char *text)
{
	for (; *text != 0; text++) {
		out8(COM1, (uint8_t)*text);
	}
}

void say_hex(uint64_t value)
{
	for (int shift = 60; shift >= 0; shift -= 4) {
		out8(COM1, (uint8_t)"0123456789abcdef"[value >> shift & 15]);
	}
}

/* Eight bytes a step: to an emulator a step of a string instruction costs what any other does. */
void *memcpy(void *to, const void *from, size_t length)
{
	void *at = to;
	size_t words = length / 8, rest = length % 8;
	__asm__ volatile("rep movsq" : "+D"(at), "+S"(from), "+c"(words)::"memory");
	__asm__ volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(rest)::"memory");
	return to;
}

void *memset(void *to, int byte, size_t length)
{
	void *at = to;
	__asm__ volatile("rep stosb" : "+D"(at), "+c"(length) : "a"(byte) : "memory");
	return to;
}

_Noreturn void reset_machine(void)
{
	out8(I8042_COMMAND, I8042_RESET);
	for (;;) {
		__asm__ volatile("cli; hlt");
	}
}

_Noreturn void triple_fault(void)
{
	struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) none = {0, 0};
	__asm__ volatile("lidt %0; ud2" ::"m"(none));
	__builtin_unreachable();
}

/* What a fault left on the stack: the address, or an error code and the address. */
_Noreturn void die(uint64_t first, uint64_t second)
{
	say("rekindle-agent: fatal: fault ");
	say_hex(first);
	say(" ");
	say_hex(second);
	say("\n");
	reset_machine();
}

static void gate(unsigned vector, void (*handler)(void))
{
	uint64_t address = (uint64_t)handler;
	idt[vector] = (struct gate){
		.offset0 = (uint16_t)address,
		.selector = CODE_SELECTOR,
		.type = GATE_INTERRUPT,
		.offset1 = (uint16_t)(address >> 16),
		.offset2 = (uint32_t)(address >> 32),
	};
}

static void interrupts_init(void)
{
	struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) table = {sizeof idt - 1, (uint64_t)idt};
	for (unsigned i = 0; i < FAULTS; i++) {
		gate(i, fault);
	}
	gate(VECTOR_DEVICE, interrupt);
	gate(VECTOR_TICK, interrupt);
	gate(VECTOR_SPURIOUS, spurious);
	__asm__ volatile("lidt %0" ::"m"(table));
	/* The monitor's lines below 16 reach the old controllers too. */
	out8(PIC1_DATA, 0xff);
	out8(PIC2_DATA, 0xff);
	write32(LAPIC + LAPIC_LINT0, LAPIC_MASKED);
	write32(LAPIC + LAPIC_TASK_PRIORITY, 0);
	write32(LAPIC + LAPIC_SPURIOUS, LAPIC_ENABLED | VECTOR_SPURIOUS);
	/* Edge, active high, to processor 0. */
	write32(IOAPIC, IOAPIC_REDIRECTION + 2 * VSOCK_GSI + 1);
	write32(IOAPIC + 0x10, 0);
	write32(IOAPIC, IOAPIC_REDIRECTION + 2 * VSOCK_GSI);
	write32(IOAPIC + 0x10, VECTOR_DEVICE);
}

_Noreturn void run(void)
{
	interrupts_init();
	clock_init();
	device_init();
	say("rekindle-agent: ready\n");
	for (;;) {
		command_deadlines();
		device_poll();
		if (command_spins()) {
			let_interrupts_in();
		} else {
			await_interrupt();
		}
	}
}
