/* Runs a command under a seccomp filter: deny <rule>[,<rule>...] <command> [arguments]
 * A rule is <call>=<errno>: setup, enter or register fails with EPERM or ENOSYS.
 * enter@<n>=<errno>: only calls that submit at least n entries fail, so that a ring breaks after it has worked. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static unsigned number_of(const char *call) {
  if (strncmp(call, "setup", 5) == 0) return 425;
  if (strncmp(call, "enter", 5) == 0) return 426;
  if (strncmp(call, "register", 8) == 0) return 427;
  fprintf(stderr, "deny: no call %s\n", call);
  exit(2);
}

int main(int argc, char **argv) {
  struct sock_filter code[64];
  unsigned short n = 0;
  if (argc < 3) return 2;
  for (char *rule = strtok(argv[1], ","); rule != NULL; rule = strtok(NULL, ",")) {
    const char *name = strchr(rule, '=') + 1;
    const char *least = strchr(rule, '@');
    const unsigned error = strcmp(name, "ENOSYS") == 0 ? ENOSYS : EPERM;
    code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number_of(rule), 0, least != NULL ? 3 : 1);
    if (least != NULL) {
      code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1]));
      code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, (unsigned)atoi(least + 1), 0, 1);
    }
    code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error);
  }
  code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  struct sock_fprog program = {n, code};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0) {
    perror("deny: seccomp");
    return 2;
  }
  execvp(argv[2], argv + 2);
  perror("deny: exec");
  return 2;
}
