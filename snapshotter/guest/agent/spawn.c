#define _GNU_SOURCE
#include "agent.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static const char *const defaults[] = {"PATH=" DEFAULT_PATH, "HOME=/root", "LANG=C.UTF-8"};
#define DEFAULTS (sizeof defaults / sizeof defaults[0])

static char **read_list(struct reader *r, size_t spare, uint32_t *count)
{
	uint32_t wanted = read_u16(r);
	if (r->bad || wanted > MAX_STRINGS) {
		r->bad = true;
		return NULL;
	}
	char **list = calloc(wanted + spare + 1, sizeof *list);
	if (list == NULL) {
		fatal("out of memory for %u strings", wanted);
	}
	for (*count = 0; *count < wanted && !r->bad; ++*count) {
		list[*count] = read_str(r, 4);
	}
	return list;
}

static bool has_name_of(char **env, uint32_t count, const char *entry)
{
	size_t name = (size_t)(strchr(entry, '=') - entry) + 1;
	for (uint32_t i = 0; i < count; i++) {
		if (strncmp(env[i], entry, name) == 0) {
			return true;
		}
	}
	return false;
}

bool command_parse(struct command *out, const uint8_t *payload, size_t length, const char **why)
{
	struct reader r = {payload, payload + length, false};
	uint32_t argc = 0, envc = 0;
	memset(out, 0, sizeof *out);
	*why = "malformed EXEC, or a string with a NUL or above 131071 bytes";
	out->timeout_millis = read_u32(&r);
	out->max_processes = read_u32(&r);
	out->flags = read_u32(&r);
	out->argv = read_list(&r, 0, &argc);
	out->env = r.bad ? NULL : read_list(&r, DEFAULTS, &envc);
	out->cwd = r.bad ? NULL : read_str(&r, 2);
	bool good = read_done(&r);
	if (good && (argc == 0 || out->argv[0][0] == 0)) {
		*why = "argv is empty";
		good = false;
	}
	if (good && (out->flags & ~EXEC_KEEP_BACKGROUND)) {
		*why = "unknown flags";
		good = false;
	}
	for (uint32_t i = 0; good && i < envc; i++) {
		if (strchr(out->env[i], '=') == NULL || out->env[i][0] == '=') {
			*why = "an environment entry is NAME=VALUE";
			good = false;
		}
	}
	if (!good) {
		command_free(out);
		return false;
	}
	uint32_t given = envc;
	for (size_t i = 0; i < DEFAULTS; i++) {
		if (!has_name_of(out->env, given, defaults[i])) {
			out->env[envc++] = strdup(defaults[i]);
		}
	}
	return true;
}

static void free_list(char **list)
{
	for (char **at = list; at != NULL && *at != NULL; at++) {
		free(*at);
	}
	free(list);
}

void command_free(struct command *command)
{
	free_list(command->argv);
	free_list(command->env);
	free(command->cwd);
	memset(command, 0, sizeof *command);
}

static _Noreturn void give_up(int report, int stage, int error)
{
	struct spawn_failure failure = {stage, error};
	if (write(report, &failure, sizeof failure) < 0) {
		/* The agent is gone; so is this process. */
	}
	_exit(127);
}

/* execve along PATH, which is looked at in the new root and working directory. */
static void run(const struct command *command, int *stage, int *error)
{
	const char *name = command->argv[0];
	const char *path = DEFAULT_PATH;
	char candidate[4096];
	*stage = STAGE_NOT_FOUND;
	*error = ENOENT;
	for (char **env = command->env; *env != NULL; env++) {
		if (strncmp(*env, "PATH=", 5) == 0) {
			path = *env + 5;
			break;
		}
	}
	bool direct = strchr(name, '/') != NULL;
	for (const char *at = path;; at++) {
		size_t length = direct ? 0 : strcspn(at, ":");
		int n = direct ? snprintf(candidate, sizeof candidate, "%s", name)
			       : snprintf(candidate, sizeof candidate, "%.*s%s%s", (int)length, at,
					  length ? "/" : "./", name);
		if (n > 0 && (size_t)n < sizeof candidate) {
			struct stat status;
			execve(candidate, command->argv, command->env);
			int reason = errno;
			if (reason != ENOTDIR && stat(candidate, &status) == 0) {
				bool directory = S_ISDIR(status.st_mode);
				if (!directory || direct) {
					*stage = STAGE_EXEC;
					*error = directory ? EISDIR : reason;
				}
				if (!directory && reason != EACCES) {
					return;
				}
			}
		}
		at += length;
		if (direct || *at == 0) {
			return;
		}
	}
}

static _Noreturn void child(const struct command *command, const int pipes[3], int report)
{
	sigset_t none;
	int stage, error;
	for (int i = 1; i <= 64; i++) {
		signal(i, SIG_DFL);
	}
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	umask(022);
	if (setsid() < 0) {
		give_up(report, STAGE_SETUP, errno);
	}
	for (int i = 0; i < 3; i++) {
		if (dup2(pipes[i], i) < 0) {
			give_up(report, STAGE_SETUP, errno);
		}
	}
	if (syscall(SYS_close_range, 3u, ~0u, CLOSE_RANGE_CLOEXEC) < 0) {
		give_up(report, STAGE_SETUP, errno);
	}
	int oom = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (oom >= 0 && write(oom, "0", 1) < 0) {
		/* Then the kernel prefers others; nothing depends on it. */
	}
	if (chdir(command->cwd[0] ? command->cwd : "/") < 0) {
		give_up(report, STAGE_CWD, errno);
	}
	run(command, &stage, &error);
	give_up(report, stage, error);
}

static pid_t fork_into(int cgroup_fd)
{
	struct clone_args arguments = {.exit_signal = SIGCHLD};
	if (cgroup_fd < 0) {
		return fork();
	}
	arguments.flags = CLONE_INTO_CGROUP;
	arguments.cgroup = (uint64_t)cgroup_fd;
	return (pid_t)syscall(SYS_clone3, &arguments, sizeof arguments);
}

int spawn(const struct command *command, int cgroup_fd, struct spawned *out)
{
	int fds[8] = {-1, -1, -1, -1, -1, -1, -1, -1};
	int error = 0;
	for (int i = 0; i < 8 && error == 0; i += 2) {
		error = pipe2(fds + i, O_CLOEXEC) < 0 ? errno : 0;
	}
	if (error == 0) {
		/* The agent's ends only: a command expects its own to block. */
		fcntl(fds[1], F_SETFL, O_NONBLOCK);
		fcntl(fds[2], F_SETFL, O_NONBLOCK);
		fcntl(fds[4], F_SETFL, O_NONBLOCK);
		fcntl(fds[6], F_SETFL, O_NONBLOCK);
		out->pid = fork_into(cgroup_fd);
		error = out->pid < 0 ? errno : 0;
	}
	if (error == 0 && out->pid == 0) {
		const int pipes[3] = {fds[0], fds[3], fds[5]};
		child(command, pipes, fds[7]);
	}
	int mine[4] = {fds[1], fds[2], fds[4], fds[6]};
	int theirs[4] = {fds[0], fds[3], fds[5], fds[7]};
	for (int i = 0; i < 4; i++) {
		if (theirs[i] >= 0) {
			close(theirs[i]);
		}
		if (error != 0 && mine[i] >= 0) {
			close(mine[i]);
		}
	}
	out->stdin_fd = fds[1];
	out->stdout_fd = fds[2];
	out->stderr_fd = fds[4];
	out->report_fd = fds[6];
	return error;
}
