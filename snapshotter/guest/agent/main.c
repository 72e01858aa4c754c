#define _GNU_SOURCE
#include "agent.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#ifdef REKINDLE_TEST_TRANSPORT
/* A virtio console port instead of vsock, for a machine monitor without vsock. */
static _Noreturn void serve_port(const char *port)
{
	struct pollfd there = {.fd = -1, .events = POLLIN};
	say("ready on %s", port);
	do {
		usleep(10000);
		if (there.fd < 0) {
			there.fd = open(port, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
		}
		poll(&there, 1, 0);
	} while (there.fd < 0 || (there.revents & POLLHUP));
	conn_open(there.fd);
	loop_run();
}
#endif

/* As PID 1: no arguments. In a test: --test-unix SOCKET [--test-root DIR] [--test-cgroup DIR]. */
int main(int argc, char **argv)
{
	const char *cgroups = NULL;
	for (int i = 1; i + 1 < argc && getpid() != 1; i += 2) {
		if (strcmp(argv[i], "--test-unix") == 0) {
			settings.test_unix = argv[i + 1];
		} else if (strcmp(argv[i], "--test-root") == 0) {
			settings.test_root = argv[i + 1];
		} else if (strcmp(argv[i], "--test-cgroup") == 0) {
			cgroups = argv[i + 1];
		} else {
			fatal("unknown argument %s", argv[i]);
		}
	}
	settings.test = settings.test_unix != NULL;
	if (!settings.test && getpid() != 1) {
		fatal("not PID 1, and no --test-unix");
	}
	loop_init();
	if (settings.test) {
		/* Orphans come here, and the agent ends with the test that started it. */
		prctl(PR_SET_CHILD_SUBREAPER, 1);
		prctl(PR_SET_PDEATHSIG, 9);
		if (cgroups != NULL) {
			cgroup_init(cgroups);
		}
		listen_unix(settings.test_unix);
	} else {
		boot();
		cgroup_init("/sys/fs/cgroup");
		identity_prepare();
#ifdef REKINDLE_TEST_TRANSPORT
		if (boot_argument("rekindle.transport", NULL) != NULL) {
			serve_port(boot_argument("rekindle.transport", NULL));
		}
#endif
		listen_vsock(AGENT_PORT);
	}
	say("ready");
	loop_run();
}
