#include "agent.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

struct stream {
	struct source source;
	struct exec *exec;
	uint8_t type;
	int owed; /* once the command has ended: what was in the pipe then */
};

struct exec {
	struct exec *next;
	struct conn *conn;
	struct stream report, in, out, err;
	struct queue input;
	bool input_ended, started, reaped, timed_out;
	pid_t pid;
	uint32_t id, flags;
	int cgroup, status;
	struct rusage usage;
	int64_t began, ended, time_limit, drain_until;
};

static struct exec *execs;
static uint32_t next_id;

static void release(struct exec *e)
{
	struct exec **link = &execs;
	while (*link != e) {
		link = &(*link)->next;
	}
	*link = e->next;
	source_close(&e->report.source);
	source_close(&e->in.source);
	source_close(&e->out.source);
	source_close(&e->err.source);
	queue_free(&e->input);
	cgroup_release(e->id, e->cgroup);
	struct conn *c = e->conn;
	c->exec = NULL;
	graveyard_add(e);
	if (!c->dead && c->stdin_full) {
		conn_resume(c);
	}
}

static uint64_t micros(const struct timeval *t)
{
	return (uint64_t)t->tv_sec * 1000000u + (uint64_t)t->tv_usec;
}

static void finish_if_over(struct exec *e)
{
	if (!e->reaped || !e->started || e->out.source.fd >= 0 || e->err.source.fd >= 0) {
		return;
	}
	uint8_t reply[33];
	bool exited = WIFEXITED(e->status);
	uint64_t cpu = micros(&e->usage.ru_utime) + micros(&e->usage.ru_stime);
	uint8_t how = e->timed_out ? EXIT_TIMED_OUT : 0;
	if (!exited && cgroup_number(e->cgroup, "memory.events", "oom_kill", 0) > 0) {
		how |= EXIT_OUT_OF_MEMORY;
	}
	put_u32(reply, exited ? (uint32_t)WEXITSTATUS(e->status) : UINT32_MAX);
	put_u32(reply + 4, exited ? 0 : (uint32_t)WTERMSIG(e->status));
	reply[8] = how;
	put_u64(reply + 9, (uint64_t)(e->ended - e->began) / 1000);
	put_u64(reply + 17, cgroup_number(e->cgroup, "cpu.stat", "usage_usec", cpu));
	put_u64(reply + 25, (uint64_t)e->usage.ru_maxrss * 1024);
	conn_frame(e->conn, REP_EXIT, reply, sizeof reply);
	release(e);
}

static void output_ready(struct source *source, uint32_t events)
{
	struct stream *s = (struct stream *)source;
	struct exec *e = s->exec;
	uint8_t chunk[CHUNK];
	(void)events;
	if (!e->started || !conn_has_room(e->conn)) {
		source_park(source, true);
		return;
	}
	ssize_t n = read(source->fd, chunk, sizeof chunk);
	if (n > 0) {
		s->owed -= (int)n;
		conn_frame(e->conn, s->type, chunk, (size_t)n);
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		source_close(source);
	}
	finish_if_over(e);
}

static void failed_to_start(struct exec *e, const struct spawn_failure *failure)
{
	const char *reason = strerror(failure->error);
	switch (failure->stage) {
	case STAGE_CWD:
		conn_error(e->conn, "exec.bad_cwd", "working directory: %s", reason);
		break;
	case STAGE_NOT_FOUND:
		conn_error(e->conn, "exec.not_found", "no such command");
		break;
	case STAGE_EXEC:
		conn_error(e->conn, "exec.not_executable", "cannot be run: %s%s", reason,
			   failure->error == ENOENT ? " (its interpreter)" : "");
		break;
	default:
		conn_error(e->conn, "exec.failed", "could not be started: %s", reason);
		break;
	}
	cgroup_kill(e->cgroup, e->pid);
	release(e);
}

static void report_ready(struct source *source, uint32_t events)
{
	struct exec *e = ((struct stream *)source)->exec;
	struct spawn_failure failure;
	uint8_t pid[4];
	(void)events;
	ssize_t n = read(source->fd, &failure, sizeof failure);
	if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
		return;
	}
	source_close(source);
	if (n == sizeof failure) {
		failed_to_start(e, &failure);
		return;
	}
	e->started = true;
	put_u32(pid, (uint32_t)e->pid);
	conn_frame(e->conn, REP_STARTED, pid, sizeof pid);
	exec_room(e->conn);
	finish_if_over(e);
}

static void input_ready(struct source *source, uint32_t events)
{
	struct exec *e = ((struct stream *)source)->exec;
	while (queue_length(&e->input) > 0 && source->fd >= 0 && !(events & EPOLLERR)) {
		ssize_t n = write(source->fd, e->input.bytes + e->input.head, queue_length(&e->input));
		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n < 0 && errno == EAGAIN) {
			break;
		}
		if (n < 0) {
			events |= EPOLLERR; /* the command reads no more: the rest is dropped */
			break;
		}
		queue_consume(&e->input, (size_t)n);
	}
	if (events & EPOLLERR) {
		source_close(source);
		queue_free(&e->input);
	} else if (queue_length(&e->input) == 0 && e->input_ended) {
		source_close(source);
	}
	source_want(source, queue_length(&e->input) > 0 ? EPOLLOUT : 0);
	if (e->conn->stdin_full && queue_length(&e->input) < STDIN_HIGH) {
		conn_resume(e->conn);
	}
}

static void stream_init(struct exec *e, struct stream *s, int fd, uint8_t type,
			void (*ready)(struct source *, uint32_t), uint32_t events)
{
	s->exec = e;
	s->type = type;
	source_init(&s->source, fd, ready);
	source_want(&s->source, events);
}

void exec_request(struct conn *c, const uint8_t *payload, size_t length)
{
	struct command command;
	struct spawned child;
	const char *why;
	if (c->exec != NULL) {
		conn_error(c, "exec.busy", "this connection runs a command already");
		return;
	}
	if (!command_parse(&command, payload, length, &why)) {
		conn_error(c, "exec.invalid", "%s", why);
		return;
	}
	struct exec *e = calloc(1, sizeof *e);
	if (e == NULL) {
		fatal("out of memory for a command");
	}
	e->id = next_id++;
	e->flags = command.flags;
	e->conn = c;
	e->began = now_nanos();
	e->time_limit = command.timeout_millis
		? e->began + (int64_t)command.timeout_millis * 1000000 : -1;
	e->drain_until = -1;
	e->cgroup = cgroup_create(e->id, command.max_processes);
	int error = spawn(&command, e->cgroup, &child);
	command_free(&command);
	if (error != 0) {
		conn_error(c, "exec.failed", "could not be started: %s", strerror(error));
		cgroup_release(e->id, e->cgroup);
		free(e);
		return;
	}
	e->pid = child.pid;
	stream_init(e, &e->report, child.report_fd, 0, report_ready, EPOLLIN);
	stream_init(e, &e->in, child.stdin_fd, 0, input_ready, 0);
	stream_init(e, &e->out, child.stdout_fd, REP_STDOUT, output_ready, EPOLLIN);
	stream_init(e, &e->err, child.stderr_fd, REP_STDERR, output_ready, EPOLLIN);
	e->next = execs;
	execs = e;
	c->exec = e;
}

void exec_stdin(struct conn *c, const uint8_t *data, size_t length)
{
	struct exec *e = c->exec;
	/* Input for a command that has ended is on its way when the end is told: not an error. */
	if (e == NULL || e->in.source.fd < 0 || e->input_ended || length == 0) {
		return;
	}
	memcpy(queue_reserve(&e->input, length), data, length);
	queue_commit(&e->input, length);
	source_want(&e->in.source, EPOLLOUT);
	c->stdin_full = queue_length(&e->input) >= STDIN_HIGH;
}

void exec_stdin_eof(struct conn *c)
{
	struct exec *e = c->exec;
	if (e != NULL && e->in.source.fd >= 0) {
		e->input_ended = true;
		if (queue_length(&e->input) == 0) {
			source_close(&e->in.source);
		}
	}
}

void exec_signal(struct conn *c, const uint8_t *payload, size_t length)
{
	struct reader r = {payload, payload + length, false};
	uint32_t number = read_u32(&r);
	if (!read_done(&r) || number < 1 || number > 64) {
		conn_error(c, "exec.invalid", "a signal is a u32 in [1, 64]");
	} else if (c->exec != NULL && !c->exec->reaped) {
		/* Its session's group; before it made one, itself. */
		if (kill(-c->exec->pid, (int)number) < 0) {
			kill(c->exec->pid, (int)number);
		}
	}
}

void exec_abandon(struct conn *c)
{
	if (c->exec != NULL) {
		cgroup_kill(c->exec->cgroup, c->exec->pid);
		c->stdin_full = false;
		release(c->exec);
	}
}

void exec_room(struct conn *c)
{
	if (c->exec != NULL && c->exec->started) {
		source_park(&c->exec->out.source, false);
		source_park(&c->exec->err.source, false);
	}
}

static void ended(struct exec *e, int status, const struct rusage *usage)
{
	e->reaped = true;
	e->status = status;
	e->usage = *usage;
	e->ended = now_nanos();
	e->time_limit = -1;
	if (!(e->flags & EXEC_KEEP_BACKGROUND)) {
		cgroup_kill(e->cgroup, e->pid);
	}
	ioctl(e->out.source.fd, FIONREAD, &e->out.owed);
	ioctl(e->err.source.fd, FIONREAD, &e->err.owed);
	e->drain_until = e->ended + (e->flags & EXEC_KEEP_BACKGROUND ? 0 : DRAIN_NANOS);
	finish_if_over(e);
}

void exec_reaped(pid_t pid, int status, const struct rusage *usage)
{
	for (struct exec *e = execs; e != NULL; e = e->next) {
		if (e->pid == pid && !e->reaped) {
			ended(e, status, usage);
			return;
		}
	}
}

int64_t exec_next_deadline(void)
{
	int64_t first = -1;
	for (struct exec *e = execs; e != NULL; e = e->next) {
		int64_t own = e->reaped ? e->drain_until : e->time_limit;
		if (own >= 0 && (first < 0 || own < first)) {
			first = own;
		}
	}
	return first;
}

static void drained(struct stream *s)
{
	if (s->source.fd >= 0 && s->owed <= 0) {
		source_close(&s->source);
	}
}

void exec_run_deadlines(void)
{
	int64_t now = now_nanos();
	for (struct exec *e = execs, *next; e != NULL; e = next) {
		next = e->next;
		if (!e->reaped && e->time_limit >= 0 && now >= e->time_limit) {
			e->timed_out = true;
			e->time_limit = -1;
			cgroup_kill(e->cgroup, e->pid);
		} else if (e->reaped && now >= e->drain_until) {
			/* What the command wrote is owed; what others still hold open is not. */
			drained(&e->out);
			drained(&e->err);
			e->drain_until = now + 20000000;
			finish_if_over(e);
		}
	}
}
