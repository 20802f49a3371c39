/* Preloaded into a Node process: makes the system calls on files whose path contains "faulty" fail as FAULTS says.
 *   flaky        every call by turns: interrupted, told to try again, cut short, left alone
 *   again        every call is told to try again
 *   slow         calls wait longer and longer, by offset, before they happen
 *   eio=<at>     bytes before offset <at> are moved, EIO from there on until the end of that MiB
 *   nothing      calls move no byte, and do not fail
 *   nosync       fdatasync finds the device full
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static int faulty(int fd, const char *mode) {
  const char *faults = getenv("FAULTS");
  if (!faults || strncmp(faults, mode, strlen(mode)) != 0) return 0;
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t n = readlink(link, path, sizeof path - 1);
  if (n < 0) return 0;
  path[n] = 0;
  return strstr(path, "faulty") != NULL;
}

/* How many of `count` bytes to move, or -1 with errno set. */
static ssize_t allowed(int fd, size_t count, off64_t offset) {
  static atomic_uint calls;
  if (faulty(fd, "flaky")) {
    switch (atomic_fetch_add(&calls, 1) % 4) {
      case 0: errno = EINTR; return -1;
      case 1: errno = EAGAIN; return -1;
      case 2: return (ssize_t)(count / 3 + 1);
    }
  }
  if (faulty(fd, "slow")) usleep((useconds_t)(offset >> 21) * 15000);
  if (faulty(fd, "nothing")) return 0;
  if (faulty(fd, "again")) { errno = EAGAIN; return -1; }
  if (faulty(fd, "eio=")) {
    off64_t at = atoll(getenv("FAULTS") + 4);
    if (offset < at && offset + (off64_t)count > at) return (ssize_t)(at - offset);
    if (offset >= at && offset < at + (1 << 20)) { errno = EIO; return -1; }
  }
  return (ssize_t)count;
}

#define INTERPOSE(name, data) \
  ssize_t name(int fd, data buffer, size_t count, off64_t offset) { \
    ssize_t (*next)(int, data, size_t, off64_t) = dlsym(RTLD_NEXT, #name); \
    ssize_t n = allowed(fd, count, offset); \
    return n < 0 ? -1 : next(fd, buffer, (size_t)n, offset); \
  }
INTERPOSE(pread64, void *)
INTERPOSE(pwrite64, const void *)

int fdatasync(int fd) {
  int (*next)(int) = dlsym(RTLD_NEXT, "fdatasync");
  if (faulty(fd, "nosync")) { errno = ENOSPC; return -1; }
  return next(fd);
}
