/* Rekindle's guest agent: PID 1 of every sandbox. docs/agent-protocol.md is its contract.
 * One thread, one epoll set, memory bounded by the limits below. */
#ifndef REKINDLE_AGENT_H
#define REKINDLE_AGENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#define AGENT_VERSION "0.1.0"
#define PROTOCOL_VERSION 1u
#define AGENT_PORT 1024u

#define MAX_PAYLOAD (1024u * 1024u)
#define MAX_CONNECTIONS 64
#define MAX_STRINGS 4096u
#define MAX_STRING (128u * 1024u - 1u) /* MAX_ARG_STRLEN of Linux, without the NUL */
#define OUT_HIGH (64u * 1024u)         /* a command's output is not read above this */
#define CHUNK (32u * 1024u)            /* largest STDOUT or STDERR payload */
#define STDIN_HIGH (64u * 1024u)       /* the connection is not read above this */
#define DEFAULT_PROCESSES 4096u
#define DRAIN_NANOS 500000000ll        /* after the exit, for an escaped writer to let go */

enum frame_type {
	REQ_HELLO = 0x01, REQ_IDENTITY = 0x02, REQ_EXEC = 0x03, REQ_STDIN = 0x04,
	REQ_STDIN_EOF = 0x05, REQ_SIGNAL = 0x06, REQ_PING = 0x07,
	REP_HELLO_OK = 0x81, REP_IDENTITY_OK = 0x82, REP_STARTED = 0x83, REP_STDOUT = 0x84,
	REP_STDERR = 0x85, REP_EXIT = 0x86, REP_PONG = 0x87, REP_ERROR = 0xff,
};

#define EXEC_KEEP_BACKGROUND 1u /* processes left behind by the command go on */

#define EXIT_TIMED_OUT 1u
#define EXIT_OUT_OF_MEMORY 2u

/* What a run of the agent differs in. Set once by main. */
struct settings {
	const char *test_unix;    /* listen here instead of on vsock; no mounts */
	const char *test_root;    /* where IDENTITY writes its files in a test */
	bool test;                /* the kernel's clock, name and pool are left alone */
};
extern struct settings settings;

/* log.c */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void fatal(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* loop.c */
struct source {
	int fd;
	uint32_t events; /* what epoll was told */
	bool parked;
	void (*ready)(struct source *source, uint32_t events);
};
void loop_init(void);
void source_init(struct source *s, int fd, void (*ready)(struct source *, uint32_t));
void source_want(struct source *s, uint32_t events); /* 0: only errors and hang-ups */
void source_park(struct source *s, bool parked);     /* parked: not even hang-ups */
void source_close(struct source *s);                 /* idempotent */
int64_t now_nanos(void);
_Noreturn void loop_run(void);
void graveyard_add(void *memory); /* freed after the current round of events */

/* wire.c: a byte queue, and reading and writing of payloads */
struct queue {
	uint8_t *bytes;
	size_t head, tail, capacity;
};
size_t queue_length(const struct queue *q);
uint8_t *queue_reserve(struct queue *q, size_t length); /* room at the tail; dies if none */
void queue_commit(struct queue *q, size_t length);
void queue_consume(struct queue *q, size_t length);
void queue_free(struct queue *q);

struct reader {
	const uint8_t *at, *end;
	bool bad;
};
uint32_t read_u16(struct reader *r);
uint32_t read_u32(struct reader *r);
uint64_t read_u64(struct reader *r);
const uint8_t *read_bytes(struct reader *r, size_t length);
char *read_str(struct reader *r, int length_bytes); /* malloc'd; NULL and bad if malformed */
bool read_done(const struct reader *r);             /* all there, nothing left over */
void put_u16(uint8_t *at, uint32_t v);
void put_u32(uint8_t *at, uint32_t v);
void put_u64(uint8_t *at, uint64_t v);

/* conn.c */
struct exec;
struct conn {
	struct source source;
	struct queue in, out;
	struct exec *exec;
	bool closing; /* close once out is empty */
	bool dead;
	bool stdin_full;
};
bool conn_open(int fd);
void conn_frame(struct conn *c, uint8_t type, const void *payload, size_t length);
void conn_error(struct conn *c, const char *code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void conn_finish(struct conn *c); /* no more requests; close when all is written */
void conn_update(struct conn *c);
void conn_resume(struct conn *c); /* standard input has room again */
bool conn_has_room(const struct conn *c);
void listen_unix(const char *path);
void listen_vsock(unsigned port);

/* exec.c: a command and its streams */
void exec_request(struct conn *c, const uint8_t *payload, size_t length);
void exec_stdin(struct conn *c, const uint8_t *data, size_t length);
void exec_stdin_eof(struct conn *c);
void exec_signal(struct conn *c, const uint8_t *payload, size_t length);
void exec_abandon(struct conn *c);      /* the host is gone: kill all of it */
void exec_room(struct conn *c);         /* the connection can take output again */
void exec_reaped(pid_t pid, int status, const struct rusage *usage);
int64_t exec_next_deadline(void);       /* -1: none */
void exec_run_deadlines(void);

/* spawn.c */
struct command {
	char **argv, **env; /* NULL-terminated */
	char *cwd;
	uint32_t timeout_millis, max_processes, flags;
};
struct spawned {
	pid_t pid;
	int stdin_fd, stdout_fd, stderr_fd;
	int report_fd; /* end of file: started; else struct spawn_failure */
};
struct spawn_failure {
	int32_t stage, error;
};
enum { STAGE_SETUP = 1, STAGE_CWD, STAGE_NOT_FOUND, STAGE_EXEC };
bool command_parse(struct command *out, const uint8_t *payload, size_t length, const char **why);
void command_free(struct command *command);
int spawn(const struct command *command, int cgroup_fd, struct spawned *out); /* 0 or errno */

/* cgroup.c: version 2, one group a command; all of it does nothing in a test without groups */
void cgroup_init(const char *mount_point);
int cgroup_create(uint32_t id, uint32_t max_processes); /* directory fd, or -1 */
void cgroup_kill(int fd, pid_t session);
uint64_t cgroup_number(int fd, const char *file, const char *key, uint64_t fallback);
void cgroup_release(uint32_t id, int fd); /* removed as soon as it is empty */
void cgroup_sweep(void);

/* identity.c */
void identity_prepare(void); /* the boot id's cover; before any snapshot */
void identity_request(struct conn *c, const uint8_t *payload, size_t length);
int write_file(const char *path, const void *data, size_t length, unsigned mode); /* 0 or -1 */

/* boot.c, root.c, modules.c */
void boot(void);
const char *boot_argument(const char *name, const char *fallback);
void load_modules(const char *list);
void mount_or_die(const char *source, const char *target, const char *type, unsigned long flags,
		  const char *data);
void switch_to_image(const char *device, const char *type);

#endif
