#define _GNU_SOURCE
#include "agent.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

void terminal_resize(int master, uint16_t rows, uint16_t columns)
{
	struct winsize size = {.ws_row = rows, .ws_col = columns};
	/* Fails only where the other side is gone: then there is nobody to see it. */
	ioctl(master, TIOCSWINSZ, &size);
}

/* By the master's own ioctl, not by a name: /dev/pts need not be the one of this name space. */
int terminal_open(uint16_t rows, uint16_t columns, int fds[2])
{
	int unlocked = 0;
	fds[1] = -1;
	fds[0] = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	if (fds[0] < 0) {
		return errno;
	}
	if (ioctl(fds[0], TIOCSPTLCK, &unlocked) == 0) {
		fds[1] = ioctl(fds[0], TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	}
	if (fds[1] < 0) {
		int error = errno;
		close(fds[0]);
		fds[0] = -1;
		return error;
	}
	terminal_resize(fds[0], rows, columns);
	return 0;
}
