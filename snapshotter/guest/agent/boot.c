#define _GNU_SOURCE
#include "agent.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static char command_line[4096];

void mount_or_die(const char *source, const char *target, const char *type, unsigned long flags,
		  const char *data)
{
	mkdir(target, 0755);
	if (mount(source, target, type, flags, data) < 0) {
		fatal("mounting %s (%s) on %s: %s", source, type, target, strerror(errno));
	}
}

const char *boot_argument(const char *name, const char *fallback)
{
	static char value[256];
	size_t length = strlen(name);
	for (const char *at = command_line; *at != 0;) {
		at += strspn(at, " \n");
		size_t word = strcspn(at, " \n");
		if (word > length && word - length < sizeof value && strncmp(at, name, length) == 0
		    && at[length] == '=') {
			snprintf(value, sizeof value, "%.*s", (int)(word - length - 1), at + length + 1);
			return value;
		}
		at += word;
	}
	return fallback;
}

static void read_command_line(void)
{
	int fd = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, command_line, sizeof command_line - 1);
	if (n < 0) {
		fatal("/proc/cmdline: %s", strerror(errno));
	}
	command_line[n] = 0;
	close(fd);
}

static void loopback_up(void)
{
	struct ifreq request = {.ifr_name = "lo"};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &request) < 0) {
		say("loopback: %s", strerror(errno));
	} else {
		request.ifr_flags |= IFF_UP | IFF_RUNNING;
		if (ioctl(fd, SIOCSIFFLAGS, &request) < 0) {
			say("loopback: %s", strerror(errno));
		}
	}
	if (fd >= 0) {
		close(fd);
	}
}

/* PID 1 has no files open where the initramfs had no /dev/console. */
static void open_console(void)
{
	int fd = open("/dev/console", O_RDWR | O_NOCTTY);
	if (fd < 0) {
		fd = open("/dev/null", O_RDWR);
	}
	for (int i = 0; i < 3 && fd >= 0; i++) {
		if (i != fd) {
			dup2(fd, i);
		}
	}
	if (fd > 2) {
		close(fd);
	}
}

static void spare_from_oom(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "-1000", 5) < 0) {
		say("oom_score_adj: %s", strerror(errno));
	}
	close(fd);
}

void boot(void)
{
	char device[256], type[64];
	mkdir("/dev", 0755);
	int mounted = mount("dev", "/dev", "devtmpfs", MS_NOSUID, NULL);
	int reason = errno;
	open_console();
	if (mounted < 0 && reason != EBUSY) {
		fatal("mounting /dev: %s", strerror(reason));
	}
	say("version %s", AGENT_VERSION);
	mount_or_die("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	mount_or_die("sys", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	mount_or_die("run", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755");
	mkdir("/run/rekindle", 0755);
	read_command_line();
	spare_from_oom();
	load_modules("/modules/order");
	snprintf(device, sizeof device, "%s", boot_argument("rekindle.root", "/dev/vda"));
	snprintf(type, sizeof type, "%s", boot_argument("rekindle.rootfstype", "erofs"));
	switch_to_image(device, type);
	loopback_up();
	static const char name[] = "rekindle";
	if (sethostname(name, sizeof name - 1) < 0) {
		say("host name: %s", strerror(errno));
	}
}
