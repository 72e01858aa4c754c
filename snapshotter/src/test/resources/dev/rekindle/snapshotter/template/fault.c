/* fault SYSCALL ERRNO LENGTH COMMAND...: runs a command whose system calls of one kind fail with an error, those only
 * whose third argument is LENGTH, or all of them with 0. By seccomp, so that calls which no C library makes fail too. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static int number(const char *name)
{
	static const struct {
		const char *name;
		int number;
	} known[] = {
		{"pread64", SYS_pread64}, {"pwrite64", SYS_pwrite64}, {"ftruncate", SYS_ftruncate},
		{"fsync", SYS_fsync},     {"rename", SYS_rename},     {"mkdir", SYS_mkdir},
	};
	for (unsigned i = 0; i < sizeof known / sizeof known[0]; i++) {
		if (strcmp(name, known[i].name) == 0) {
			return known[i].number;
		}
	}
	fprintf(stderr, "fault: no system call %s here\n", name);
	exit(2);
}

int main(int argc, char **argv)
{
	if (argc < 5) {
		fprintf(stderr, "usage: fault SYSCALL ERRNO LENGTH COMMAND...\n");
		return 2;
	}
	unsigned error = (unsigned)atoi(argv[2]), length = (unsigned)atoi(argv[3]);
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)number(argv[1]), 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
		BPF_JUMP(BPF_JMP | (length == 0 ? BPF_JGE : BPF_JEQ) | BPF_K, length, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (error & SECCOMP_RET_DATA)),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof code / sizeof code[0], code};
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
		perror("fault: seccomp");
		return 2;
	}
	execvp(argv[4], argv + 4);
	perror(argv[4]);
	return 2;
}
