#define _GNU_SOURCE
#include "agent.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static void load(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		fatal("module %s: %s", path, strerror(errno));
	}
	if (syscall(SYS_finit_module, fd, "", 0) < 0 && errno != EEXIST) {
		fatal("module %s: %s", path, strerror(errno));
	}
	close(fd);
}

/* One file name a line, in an order in which each finds the ones it needs. */
void load_modules(const char *list)
{
	char line[256], path[300];
	int count = 0;
	FILE *in = fopen(list, "re");
	if (in == NULL) {
		say("no modules: %s: %s", list, strerror(errno));
		return;
	}
	while (fgets(line, sizeof line, in) != NULL) {
		line[strcspn(line, "\n")] = 0;
		if (line[0] != 0) {
			snprintf(path, sizeof path, "/modules/%s", line);
			load(path);
			count++;
		}
	}
	fclose(in);
	say("%d modules loaded", count);
}
