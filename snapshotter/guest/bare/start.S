/* Entry, interrupt stubs, and the place where this guest waits. Long mode, identity-mapped, one
 * processor; docs/boot.md says what the monitor has set up before the first instruction. */

#define LAPIC_EOI 0xfee000b0

	.section .start, "ax"
	.globl _start
_start:
	lea stack_top(%rip), %rsp
	xor %ebp, %ebp
	call run
	hlt

	.text
/* All work is done by the loop that was woken: an interrupt only ends the halt. */
	.globl interrupt
interrupt:
	push %rax
	mov $LAPIC_EOI, %eax
	movl $0, (%rax)
	pop %rax
	iretq

	.globl spurious
spurious:
	iretq

	.globl fault
fault:
	mov (%rsp), %rdi
	mov 8(%rsp), %rsi
	and $-16, %rsp
	call die

/* Lets interrupts in; with nothing to compute, sleeps until one comes. */
	.globl await_interrupt
await_interrupt:
	sti
	hlt
	cli
	ret

	.globl let_interrupts_in
let_interrupts_in:
	mov $64, %ecx
	sti
1:	pause
	dec %ecx
	jnz 1b
	cli
	ret

	.bss
	.balign 4096
	.skip 8192
stack_top:

	.section .note.GNU-stack, "", @progbits
