#include "agent.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/reboot.h>
#include <unistd.h>

struct settings settings;

static void print(const char *prefix, const char *format, va_list arguments)
{
	char line[1024];
	int saved = errno;
	int at = snprintf(line, sizeof line, "rekindle-agent: %s", prefix);
	int more = vsnprintf(line + at, sizeof line - (size_t)at - 1, format, arguments);
	if (more > 0) {
		at += more;
	}
	if (at > (int)sizeof line - 2) {
		at = (int)sizeof line - 2;
	}
	line[at++] = '\n';
	if (write(STDERR_FILENO, line, (size_t)at) < 0) {
		/* No console: there is nobody to tell. */
	}
	errno = saved;
}

void say(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	print("", format, arguments);
	va_end(arguments);
}

void fatal(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	print("fatal: ", format, arguments);
	va_end(arguments);
	if (getpid() == 1) {
		/* The monitor sees the reset at once, instead of a guest that hangs. */
		usleep(100000);
		reboot(RB_AUTOBOOT);
	}
	_exit(1);
}
