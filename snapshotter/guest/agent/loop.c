#include "agent.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define EVENTS 64
#define GRAVES (EVENTS * 4)

static int epoll_fd = -1;
static struct source child_source;
static void *graves[GRAVES];
static size_t grave_count;

int64_t now_nanos(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000ll + t.tv_nsec;
}

static void children(struct source *source, uint32_t events)
{
	struct signalfd_siginfo info[8];
	(void)events;
	while (read(source->fd, info, sizeof info) > 0) {
	}
	for (;;) {
		int status;
		struct rusage usage;
		pid_t pid = wait4(-1, &status, WNOHANG, &usage);
		if (pid <= 0) {
			break;
		}
		exec_reaped(pid, status, &usage);
	}
	cgroup_sweep();
}

void loop_init(void)
{
	sigset_t set;
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (epoll_fd < 0) {
		fatal("epoll_create1: %s", strerror(errno));
	}
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0) {
		fatal("signalfd: %s", strerror(errno));
	}
	source_init(&child_source, fd, children);
	source_want(&child_source, EPOLLIN);
}

void source_init(struct source *s, int fd, void (*ready)(struct source *, uint32_t))
{
	struct epoll_event e = {.events = 0, .data.ptr = s};
	s->fd = fd;
	s->events = 0;
	s->parked = false;
	s->ready = ready;
	if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &e) < 0) {
		fatal("epoll_ctl add: %s", strerror(errno));
	}
}

void source_want(struct source *s, uint32_t events)
{
	struct epoll_event e = {.events = events, .data.ptr = s};
	if (s->fd < 0 || s->parked || s->events == events) {
		return;
	}
	s->events = events;
	if (epoll_ctl(epoll_fd, EPOLL_CTL_MOD, s->fd, &e) < 0) {
		fatal("epoll_ctl mod: %s", strerror(errno));
	}
}

void source_park(struct source *s, bool parked)
{
	struct epoll_event e = {.events = s->events, .data.ptr = s};
	if (s->fd < 0 || s->parked == parked) {
		return;
	}
	s->parked = parked;
	if (epoll_ctl(epoll_fd, parked ? EPOLL_CTL_DEL : EPOLL_CTL_ADD, s->fd, &e) < 0) {
		fatal("epoll_ctl park: %s", strerror(errno));
	}
}

void source_close(struct source *s)
{
	if (s->fd >= 0) {
		/* Deleted by hand: a forked child may hold the same open file for a moment. */
		epoll_ctl(epoll_fd, EPOLL_CTL_DEL, s->fd, NULL);
		close(s->fd);
		s->fd = -1;
	}
}

void graveyard_add(void *memory)
{
	if (grave_count == GRAVES) {
		fatal("more than %d objects ended in one round", GRAVES);
	}
	graves[grave_count++] = memory;
}

void loop_run(void)
{
	for (;;) {
		struct epoll_event events[EVENTS];
		int64_t deadline = exec_next_deadline();
		int timeout = -1;
		if (deadline >= 0) {
			int64_t left = (deadline - now_nanos() + 999999) / 1000000;
			timeout = left < 0 ? 0 : left > 60000 ? 60000 : (int)left;
		}
		int count = epoll_wait(epoll_fd, events, EVENTS, timeout);
		if (count < 0 && errno != EINTR) {
			fatal("epoll_wait: %s", strerror(errno));
		}
		for (int i = 0; i < count; i++) {
			struct source *s = events[i].data.ptr;
			if (s->fd >= 0) { /* else an earlier event of this round closed it */
				s->ready(s, events[i].events);
			}
		}
		exec_run_deadlines();
		while (grave_count > 0) {
			free(graves[--grave_count]);
		}
	}
}
