#define _GNU_SOURCE
#include "agent.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PENDING 256

static int groups_fd = -1; /* <mount>/rekindle; -1: no groups */
static uint32_t pending[PENDING];
static size_t pending_count;

static bool write_at(int dir, const char *file, const char *text)
{
	int fd = openat(dir, file, O_WRONLY | O_CLOEXEC);
	bool good = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	if (fd >= 0) {
		close(fd);
	}
	return good;
}

void cgroup_init(const char *mount_point)
{
	int root = open(mount_point, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root < 0 || (mkdirat(root, "rekindle", 0755) < 0 && errno != EEXIST)) {
		fatal("control groups at %s: %s", mount_point, strerror(errno));
	}
	groups_fd = openat(root, "rekindle", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* One by one: a kernel without one of them still gives the others. */
	static const char *const wanted[] = {"+pids", "+memory", "+cpu"};
	for (size_t i = 0; i < 3; i++) {
		if (!write_at(root, "cgroup.subtree_control", wanted[i])
		    || !write_at(groups_fd, "cgroup.subtree_control", wanted[i])) {
			say("control group controller %s: %s", wanted[i], strerror(errno));
		}
	}
	close(root);
}

int cgroup_create(uint32_t id, uint32_t max_processes)
{
	char name[16], number[16];
	if (groups_fd < 0) {
		return -1;
	}
	snprintf(name, sizeof name, "x%" PRIu32, id);
	if (mkdirat(groups_fd, name, 0755) < 0) {
		say("control group %s: %s", name, strerror(errno));
		return -1;
	}
	int fd = openat(groups_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	snprintf(number, sizeof number, "%" PRIu32, max_processes ? max_processes : DEFAULT_PROCESSES);
	if (!write_at(fd, "pids.max", number)) {
		say("pids.max of %s: %s", name, strerror(errno));
	}
	return fd;
}

void cgroup_kill(int fd, pid_t session)
{
	if (fd < 0 || !write_at(fd, "cgroup.kill", "1")) {
		kill(-session, SIGKILL);
		kill(session, SIGKILL);
	}
}

uint64_t cgroup_number(int fd, const char *file, const char *key, uint64_t fallback)
{
	char text[1024];
	int in = fd < 0 ? -1 : openat(fd, file, O_RDONLY | O_CLOEXEC);
	ssize_t n = in < 0 ? -1 : read(in, text, sizeof text - 1);
	if (in >= 0) {
		close(in);
	}
	text[n > 0 ? n : 0] = 0;
	size_t length = strlen(key);
	for (const char *line = text; line != NULL && *line != 0;) {
		if (strncmp(line, key, length) == 0 && line[length] == ' ') {
			return strtoull(line + length + 1, NULL, 10);
		}
		line = strchr(line, '\n');
		line = line == NULL ? NULL : line + 1;
	}
	return fallback;
}

static bool removed(uint32_t id)
{
	char name[16];
	snprintf(name, sizeof name, "x%" PRIu32, id);
	return unlinkat(groups_fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT;
}

void cgroup_release(uint32_t id, int fd)
{
	if (fd < 0) {
		return;
	}
	close(fd);
	if (removed(id)) {
		return;
	}
	if (pending_count == PENDING) {
		say("control group x%" PRIu32 " is left behind", id);
	} else {
		pending[pending_count++] = id;
	}
}

void cgroup_sweep(void)
{
	for (size_t i = 0; i < pending_count;) {
		if (removed(pending[i])) {
			pending[i] = pending[--pending_count];
		} else {
			i++;
		}
	}
}
