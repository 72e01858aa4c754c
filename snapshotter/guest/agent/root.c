#define _GNU_SOURCE
#include "agent.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <linux/magic.h>
#include <unistd.h>

#define DEVICE_WAIT_NANOS 10000000000ll

static void await_device(const char *device)
{
	struct stat status;
	int64_t until = now_nanos() + DEVICE_WAIT_NANOS;
	while (stat(device, &status) < 0 || !S_ISBLK(status.st_mode)) {
		if (now_nanos() > until) {
			fatal("no device %s after 10 s", device);
		}
		usleep(2000);
	}
}

/* Empties the initramfs, whose memory is given back; does not leave it. */
static void empty(int dir, dev_t device)
{
	DIR *entries = fdopendir(dir);
	struct dirent *entry;
	while (entries != NULL && (entry = readdir(entries)) != NULL) {
		struct stat status;
		const char *name = entry->d_name;
		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0
		    || fstatat(dir, name, &status, AT_SYMLINK_NOFOLLOW) < 0
		    || status.st_dev != device) {
			continue;
		}
		if (S_ISDIR(status.st_mode)) {
			int child = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
			if (child >= 0) {
				empty(child, device);
			}
			unlinkat(dir, name, AT_REMOVEDIR);
		} else {
			unlinkat(dir, name, 0);
		}
	}
	if (entries != NULL) {
		closedir(entries);
	} else {
		close(dir);
	}
}

static void carry_mount(const char *from, const char *to)
{
	mkdir(to, 0755);
	if (mount(from, to, NULL, MS_MOVE, NULL) < 0) {
		fatal("moving %s to %s: %s", from, to, strerror(errno));
	}
}

static void link_or_say(const char *target, const char *path)
{
	if (symlink(target, path) < 0 && errno != EEXIST) {
		say("link %s: %s", path, strerror(errno));
	}
}

static void enter(const char *new_root)
{
	struct statfs type;
	struct stat status;
	int old = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool initramfs = old >= 0 && fstatfs(old, &type) == 0 && fstat(old, &status) == 0
		&& (type.f_type == RAMFS_MAGIC || type.f_type == TMPFS_MAGIC);
	if (chdir(new_root) < 0 || mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0
	    || chdir("/") < 0) {
		fatal("switching to the root image: %s", strerror(errno));
	}
	if (initramfs) {
		empty(old, status.st_dev);
	}
}

void switch_to_image(const char *device, const char *type)
{
	await_device(device);
	mount_or_die(device, "/image", type, MS_RDONLY | MS_NODEV, NULL);
	mount_or_die("writes", "/writes", "tmpfs", MS_NODEV, "size=90%,mode=755");
	mkdir("/writes/upper", 0755);
	mkdir("/writes/work", 0755);
	mount_or_die("root", "/root", "overlay", MS_NODEV,
		     "lowerdir=/image,upperdir=/writes/upper,workdir=/writes/work");
	say("root image %s (%s) mounted", device, type);
	carry_mount("/dev", "/root/dev");
	carry_mount("/proc", "/root/proc");
	carry_mount("/sys", "/root/sys");
	carry_mount("/run", "/root/run");
	enter("/root");
	mkdir("/etc", 0755);
	mount_or_die("tmp", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777,size=90%");
	mount_or_die("devpts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "ptmxmode=666,mode=620,gid=5");
	mount_or_die("shm", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777");
	mount_or_die("cgroup", "/sys/fs/cgroup", "cgroup2", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	link_or_say("/proc/self/fd", "/dev/fd");
	link_or_say("fd/0", "/dev/stdin");
	link_or_say("fd/1", "/dev/stdout");
	link_or_say("fd/2", "/dev/stderr");
}
