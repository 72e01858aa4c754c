#include "agent.h"

#include <stdlib.h>
#include <string.h>

size_t queue_length(const struct queue *q)
{
	return q->tail - q->head;
}

uint8_t *queue_reserve(struct queue *q, size_t length)
{
	size_t used = queue_length(q);
	if (q->capacity - q->tail < length) {
		if (q->capacity - used >= length) {
			memmove(q->bytes, q->bytes + q->head, used);
		} else {
			size_t wanted = q->capacity ? q->capacity : 4096;
			while (wanted - used < length) {
				wanted *= 2;
			}
			uint8_t *bytes = malloc(wanted);
			if (bytes == NULL) {
				fatal("out of memory for a queue of %zu bytes", wanted);
			}
			if (used > 0) {
				memcpy(bytes, q->bytes + q->head, used);
			}
			free(q->bytes);
			q->bytes = bytes;
			q->capacity = wanted;
		}
		q->head = 0;
		q->tail = used;
	}
	return q->bytes + q->tail;
}

void queue_commit(struct queue *q, size_t length)
{
	q->tail += length;
}

void queue_consume(struct queue *q, size_t length)
{
	q->head += length;
	if (q->head == q->tail) {
		q->head = q->tail = 0;
	}
}

void queue_free(struct queue *q)
{
	free(q->bytes);
	memset(q, 0, sizeof *q);
}

const uint8_t *read_bytes(struct reader *r, size_t length)
{
	const uint8_t *at = r->at;
	if (r->bad || (size_t)(r->end - r->at) < length) {
		r->bad = true;
		return NULL;
	}
	r->at += length;
	return at;
}

static uint64_t read_little_endian(struct reader *r, size_t length)
{
	uint64_t v = 0;
	const uint8_t *at = read_bytes(r, length);
	for (size_t i = 0; at != NULL && i < length; i++) {
		v |= (uint64_t)at[i] << (8 * i);
	}
	return v;
}

uint32_t read_u16(struct reader *r)
{
	return (uint32_t)read_little_endian(r, 2);
}

uint32_t read_u32(struct reader *r)
{
	return (uint32_t)read_little_endian(r, 4);
}

uint64_t read_u64(struct reader *r)
{
	return read_little_endian(r, 8);
}

char *read_str(struct reader *r, int length_bytes)
{
	uint32_t length = length_bytes == 2 ? read_u16(r) : read_u32(r);
	const uint8_t *at = length <= MAX_STRING ? read_bytes(r, length) : NULL;
	if (at == NULL || memchr(at, 0, length) != NULL) {
		r->bad = true;
		return NULL;
	}
	char *copy = malloc(length + 1u);
	if (copy == NULL) {
		fatal("out of memory for a string of %u bytes", length);
	}
	memcpy(copy, at, length);
	copy[length] = 0;
	return copy;
}

bool read_done(const struct reader *r)
{
	return !r->bad && r->at == r->end;
}

static void put_little_endian(uint8_t *at, uint64_t v, int length)
{
	for (int i = 0; i < length; i++) {
		at[i] = (uint8_t)(v >> (8 * i));
	}
}

void put_u16(uint8_t *at, uint32_t v)
{
	put_little_endian(at, v, 2);
}

void put_u32(uint8_t *at, uint32_t v)
{
	put_little_endian(at, v, 4);
}

void put_u64(uint8_t *at, uint64_t v)
{
	put_little_endian(at, v, 8);
}
