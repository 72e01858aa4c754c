#define _GNU_SOURCE
#include "agent.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/random.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define ENTROPY 64
#define GENERATION 16
#define BOOT_ID "/proc/sys/kernel/random/boot_id"
#define COVER "/run/rekindle/boot_id"
#define UUID_TEXT 37 /* with the line feed */

static int real_boot_id = -1; /* until it is read for the first time */

int write_file(const char *path, const void *data, size_t length, unsigned mode)
{
	char temporary[512];
	snprintf(temporary, sizeof temporary, "%s.rekindle", path);
	unlink(temporary);
	int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0) {
		return -1;
	}
	bool good = write(fd, data, length) == (ssize_t)length && fchmod(fd, mode) == 0;
	int saved = errno;
	close(fd);
	if (good && rename(temporary, path) == 0) {
		return 0;
	}
	saved = good ? errno : saved;
	unlink(temporary);
	errno = saved;
	return -1;
}

/* The kernel makes its boot id at the first read and keeps it in memory, so clones would share it
 * once anything before the snapshot has read it. A file is mounted over it: nothing reads the real
 * one before the clone has its entropy, and later generations of snapshot just get a new file. */
void identity_prepare(void)
{
	char none[] = "00000000-0000-0000-0000-000000000000\n";
	real_boot_id = open(BOOT_ID, O_RDONLY | O_CLOEXEC);
	if (real_boot_id < 0 || write_file(COVER, none, UUID_TEXT, 0444) < 0
	    || mount(COVER, BOOT_ID, NULL, MS_BIND, NULL) < 0) {
		fatal("boot id: %s", strerror(errno));
	}
}

static bool fresh_uuid(char text[UUID_TEXT + 1])
{
	uint8_t b[16];
	if (real_boot_id >= 0) {
		ssize_t n = read(real_boot_id, text, UUID_TEXT);
		close(real_boot_id);
		real_boot_id = -1;
		text[UUID_TEXT] = 0;
		if (n == UUID_TEXT) {
			return true;
		}
	}
	if (getrandom(b, sizeof b, 0) != sizeof b) {
		return false;
	}
	b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
	b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
	snprintf(text, UUID_TEXT + 1,
		 "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x\n", b[0], b[1],
		 b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
		 b[15]);
	return true;
}

/* In place: a renamed file would leave the bind mount on the old one. */
static bool new_boot_id(const char *cover)
{
	char text[UUID_TEXT + 1];
	if (!fresh_uuid(text)) {
		return false;
	}
	int fd = open(cover, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0444);
	bool good = fd >= 0 && pwrite(fd, text, UUID_TEXT, 0) == UUID_TEXT;
	if (fd >= 0) {
		close(fd);
	}
	return good;
}

static bool stir(const uint8_t *entropy, const uint8_t *generation)
{
	struct {
		struct rand_pool_info info;
		uint8_t bytes[ENTROPY + GENERATION];
	} pool = {.info = {.entropy_count = ENTROPY * 8, .buf_size = ENTROPY + GENERATION}};
	memcpy((uint8_t *)&pool + sizeof pool.info, entropy, ENTROPY);
	memcpy((uint8_t *)&pool + sizeof pool.info + ENTROPY, generation, GENERATION);
	int fd = open("/dev/urandom", O_RDWR | O_CLOEXEC);
	bool good = fd >= 0 && ioctl(fd, RNDADDENTROPY, &pool) == 0 && ioctl(fd, RNDRESEEDCRNG) == 0;
	int saved = errno;
	if (fd >= 0) {
		close(fd);
	}
	explicit_bzero(&pool, sizeof pool);
	errno = saved;
	return good;
}

static bool valid_name(const char *name)
{
	size_t length = strlen(name);
	return length >= 1 && length <= 63 && name[0] != '-' && name[length - 1] != '-'
		&& strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == length;
}

static bool valid_machine_id(const char *id)
{
	return strlen(id) == 32 && strspn(id, "0123456789abcdef") == 32;
}

static bool valid_lease(const char *id)
{
	size_t length = strlen(id);
	for (const char *at = id; *at != 0; at++) {
		if (*at < '!' || *at > '~') {
			return false;
		}
	}
	return length <= 128;
}

static bool put(const char *path, const char *text)
{
	char full[512], line[256];
	snprintf(full, sizeof full, "%s%s", settings.test_root ? settings.test_root : "", path);
	int length = snprintf(line, sizeof line, "%s\n", text);
	return write_file(full, line, (size_t)length, 0444) == 0;
}

/* Returns what failed, NULL if nothing did. */
static const char *apply(const uint8_t *entropy, uint64_t nanos, const uint8_t *generation,
			 const char *name, const char *machine, const char *lease)
{
	char cover[512];
	snprintf(cover, sizeof cover, "%s" COVER, settings.test_root ? settings.test_root : "");
	if (!settings.test) {
		struct timespec now = {.tv_sec = (time_t)(nanos / 1000000000u),
				       .tv_nsec = (long)(nanos % 1000000000u)};
		/* Entropy first: nothing below may draw from the snapshot's pool. */
		if (!stir(entropy, generation)) {
			return "entropy";
		}
		if (clock_settime(CLOCK_REALTIME, &now) < 0) {
			return "clock";
		}
		if (sethostname(name, strlen(name)) < 0) {
			return "host name";
		}
	}
	if (!put("/etc/hostname", name)) {
		return "/etc/hostname";
	}
	if (!put("/etc/machine-id", machine)) {
		return "/etc/machine-id";
	}
	if (!put("/run/rekindle/lease", lease)) {
		return "/run/rekindle/lease";
	}
	return new_boot_id(cover) ? NULL : "boot id";
}

void identity_request(struct conn *c, const uint8_t *payload, size_t length)
{
	struct reader r = {payload, payload + length, false};
	int64_t began = now_nanos();
	const uint8_t *entropy = read_bytes(&r, ENTROPY);
	uint64_t nanos = read_u64(&r);
	const uint8_t *generation = read_bytes(&r, GENERATION);
	char *name = read_str(&r, 2);
	char *machine = r.bad ? NULL : read_str(&r, 2);
	char *lease = r.bad ? NULL : read_str(&r, 2);
	if (!read_done(&r) || !valid_name(name) || !valid_machine_id(machine) || !valid_lease(lease)
	    || nanos > INT64_MAX) {
		conn_error(c, "identity.invalid", "IDENTITY is malformed");
	} else {
		const char *failed = apply(entropy, nanos, generation, name, machine, lease);
		if (failed != NULL) {
			say("error: identity: %s: %s", failed, strerror(errno));
			conn_error(c, "identity.failed", "%s: %s", failed, strerror(errno));
		} else {
			uint8_t micros[8];
			put_u64(micros, (uint64_t)(now_nanos() - began) / 1000);
			conn_frame(c, REP_IDENTITY_OK, micros, sizeof micros);
		}
	}
	free(name);
	free(machine);
	free(lease);
}
