#define _GNU_SOURCE
#include "agent.h"

#include <errno.h>
#include <linux/vm_sockets.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define HEADER 5

static int connections;
static struct source listener;

static void conn_close(struct conn *c)
{
	if (c->dead) {
		return;
	}
	c->dead = true;
	exec_abandon(c);
	source_close(&c->source);
	queue_free(&c->in);
	queue_free(&c->out);
	connections--;
	graveyard_add(c);
}

/* Not while what it asked for before waits to be used or to be read. */
static bool takes_requests(const struct conn *c)
{
	return !c->dead && !c->closing && !c->stdin_full && queue_length(&c->out) < 4 * OUT_HIGH;
}

void conn_update(struct conn *c)
{
	uint32_t wanted = EPOLLRDHUP;
	if (c->dead) {
		return;
	}
	if (takes_requests(c)) {
		wanted |= EPOLLIN;
	}
	if (queue_length(&c->out) > 0) {
		wanted |= EPOLLOUT;
	}
	source_want(&c->source, wanted);
}

bool conn_has_room(const struct conn *c)
{
	return queue_length(&c->out) < OUT_HIGH;
}

static void flush(struct conn *c)
{
	while (queue_length(&c->out) > 0) {
		ssize_t n = write(c->source.fd, c->out.bytes + c->out.head, queue_length(&c->out));
		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n < 0 && errno == EAGAIN) {
			break;
		}
		if (n <= 0) {
			conn_close(c);
			return;
		}
		queue_consume(&c->out, (size_t)n);
	}
	if (c->closing && queue_length(&c->out) == 0) {
		conn_close(c);
		return;
	}
	conn_update(c);
}

void conn_frame(struct conn *c, uint8_t type, const void *payload, size_t length)
{
	if (c->dead) {
		return;
	}
	uint8_t *at = queue_reserve(&c->out, HEADER + length);
	put_u32(at, (uint32_t)length);
	at[4] = type;
	if (length > 0) {
		memcpy(at + HEADER, payload, length);
	}
	queue_commit(&c->out, HEADER + length);
	conn_update(c);
}

void conn_error(struct conn *c, const char *code, const char *format, ...)
{
	char message[512];
	uint8_t payload[1024];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(message, sizeof message, format, arguments);
	va_end(arguments);
	size_t code_length = strlen(code);
	size_t length = strlen(message);
	put_u16(payload, (uint32_t)code_length);
	memcpy(payload + 2, code, code_length);
	put_u16(payload + 2 + code_length, (uint32_t)length);
	memcpy(payload + 4 + code_length, message, length);
	conn_frame(c, REP_ERROR, payload, 4 + code_length + length);
}

void conn_finish(struct conn *c)
{
	c->closing = true;
	conn_update(c);
}

static void malformed(struct conn *c, const char *what)
{
	conn_error(c, "protocol.malformed", "%s", what);
	exec_abandon(c);
	conn_finish(c);
}

static void hello(struct conn *c, const uint8_t *payload, size_t length)
{
	struct reader r = {payload, payload + length, false};
	uint32_t version = read_u32(&r);
	if (!read_done(&r)) {
		malformed(c, "HELLO is a u32");
	} else if (version != PROTOCOL_VERSION) {
		conn_error(c, "protocol.version", "this agent speaks version %u, asked for %u",
			   PROTOCOL_VERSION, version);
		conn_finish(c);
	} else {
		uint8_t reply[6 + sizeof AGENT_VERSION - 1];
		put_u32(reply, PROTOCOL_VERSION);
		put_u16(reply + 4, sizeof AGENT_VERSION - 1);
		memcpy(reply + 6, AGENT_VERSION, sizeof AGENT_VERSION - 1);
		conn_frame(c, REP_HELLO_OK, reply, sizeof reply);
	}
}

static void request(struct conn *c, uint8_t type, const uint8_t *payload, size_t length)
{
	switch (type) {
	case REQ_HELLO:
		hello(c, payload, length);
		break;
	case REQ_IDENTITY:
		identity_request(c, payload, length);
		break;
	case REQ_EXEC:
		exec_request(c, payload, length);
		break;
	case REQ_STDIN:
		exec_stdin(c, payload, length);
		break;
	case REQ_STDIN_EOF:
		exec_stdin_eof(c);
		break;
	case REQ_SIGNAL:
		exec_signal(c, payload, length);
		break;
	case REQ_PING:
		if (length > 64) {
			malformed(c, "a PING carries at most 64 bytes");
		} else {
			conn_frame(c, REP_PONG, payload, length);
		}
		break;
	default:
		malformed(c, "unknown request type");
		break;
	}
}

/* Takes whole frames off the input, as long as their effects have room. */
static void parse(struct conn *c)
{
	while (takes_requests(c)) {
		const uint8_t *at = c->in.bytes + c->in.head;
		if (queue_length(&c->in) < HEADER) {
			return;
		}
		struct reader r = {at, at + 4, false};
		uint32_t length = read_u32(&r);
		if (length > MAX_PAYLOAD) {
			malformed(c, "a payload has at most 1048576 bytes");
			return;
		}
		if (queue_length(&c->in) < HEADER + (size_t)length) {
			return;
		}
		request(c, at[4], at + HEADER, length);
		if (!c->dead) {
			queue_consume(&c->in, HEADER + (size_t)length);
		}
	}
}

void conn_resume(struct conn *c)
{
	c->stdin_full = false;
	parse(c);
	conn_update(c);
}

static void receive(struct conn *c)
{
	for (int round = 0; round < 4 && takes_requests(c); round++) {
		uint8_t *at = queue_reserve(&c->in, CHUNK);
		ssize_t n = read(c->source.fd, at, CHUNK);
		if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
			return;
		}
		if (n <= 0) {
			conn_close(c);
			return;
		}
		queue_commit(&c->in, (size_t)n);
		parse(c);
	}
}

static void ready(struct source *source, uint32_t events)
{
	struct conn *c = (struct conn *)source;
	if (events & EPOLLIN) {
		receive(c);
	}
	if (!c->dead && (events & (EPOLLHUP | EPOLLERR | EPOLLRDHUP)) && !(events & EPOLLIN)) {
		conn_close(c);
		return;
	}
	/* A host that is gone while its bytes wait behind a full standard input. */
	if (!c->dead && c->stdin_full && (events & (EPOLLRDHUP | EPOLLHUP))) {
		conn_close(c);
		return;
	}
	if (!c->dead) {
		flush(c);
	}
	if (!c->dead && c->exec != NULL && conn_has_room(c)) {
		exec_room(c);
	}
	if (!c->dead) {
		parse(c);
		conn_update(c);
	}
}

bool conn_open(int fd)
{
	struct conn *c = connections < MAX_CONNECTIONS ? calloc(1, sizeof *c) : NULL;
	if (c == NULL) {
		say("refused a connection: %d are open", connections);
		close(fd);
		return false;
	}
	connections++;
	source_init(&c->source, fd, ready);
	conn_update(c);
	return true;
}

static void accept_all(struct source *source, uint32_t events)
{
	(void)events;
	for (;;) {
		int fd = accept4(source->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd < 0) {
			if (errno == EINTR || errno == ECONNABORTED) {
				continue;
			}
			if (errno != EAGAIN) {
				say("accept: %s", strerror(errno));
			}
			return;
		}
		conn_open(fd);
	}
}

static void start_listening(int fd, const void *address, socklen_t length)
{
	if (fd < 0 || bind(fd, address, length) < 0 || listen(fd, MAX_CONNECTIONS) < 0) {
		fatal("cannot listen: %s", strerror(errno));
	}
	source_init(&listener, fd, accept_all);
	source_want(&listener, EPOLLIN);
}

void listen_unix(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof address.sun_path) {
		fatal("socket path too long: %s", path);
	}
	strcpy(address.sun_path, path);
	unlink(path);
	start_listening(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), &address,
			sizeof address);
}

void listen_vsock(unsigned port)
{
	struct sockaddr_vm address = {
		.svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_ANY, .svm_port = port};
	start_listening(socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), &address,
			sizeof address);
}
