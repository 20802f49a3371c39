/* Serves one file, `file`, in an empty folder through FUSE, on the kernel's own protocol: fuse <folder> <size> <short> <eio> <slow> <errno>
 * Byte i is (i * 7 + i / 4096) mod 256. A read gets at most <short> bytes (0: all it asks for, through the page cache; else it
 * comes here as it was made, and may be answered in part), <errno> where it reaches over offset <eio> (-1: never), and waits
 * <slow> microseconds.
 * Prints a line when it is mounted; unmounts and ends when its standard input does. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define FILE_NODE 2
#define LARGEST_READ (1 << 20)

static int device;
static long long size, shortest, eio, slow;
static int failure;

static void reply(const struct fuse_in_header *in, int error, const void *body, size_t length) {
  struct fuse_out_header out = {(uint32_t)(sizeof out + length), error, in->unique};
  struct iovec parts[2] = {{&out, sizeof out}, {(void *)body, length}};
  /* ENOENT: the request was interrupted meanwhile. */
  if (writev(device, parts, 2) < 0 && errno != ENOENT) perror("fuse: reply");
}

static struct fuse_attr attributes(uint64_t node) {
  const int folder = node == FUSE_ROOT_ID;
  struct fuse_attr attr = {.ino = node, .size = folder ? 4096 : (uint64_t)size, .mode = folder ? S_IFDIR | 0755 : S_IFREG | 0644, .nlink = 1, .blksize = 4096};
  attr.blocks = attr.size / 512;
  return attr;
}

static void read_bytes(const struct fuse_in_header *in, const struct fuse_read_in *arg) {
  static unsigned char bytes[LARGEST_READ];
  const long long offset = (long long)arg->offset;
  long long length = arg->size > LARGEST_READ ? LARGEST_READ : arg->size;
  if (slow > 0) usleep((useconds_t)slow);
  if (eio >= 0 && offset + length > eio) return reply(in, -failure, NULL, 0);
  if (offset + length > size) length = offset < size ? size - offset : 0;
  if (shortest > 0 && length > shortest) length = shortest;
  for (long long i = 0; i < length; i++) bytes[i] = (unsigned char)((offset + i) * 7 + (offset + i) / 4096);
  reply(in, 0, bytes, (size_t)length);
}

static void answer(const struct fuse_in_header *in, const void *arg) {
  switch (in->opcode) {
    case FUSE_INIT: {
      struct fuse_init_out out = {.major = FUSE_KERNEL_VERSION, .minor = 31, .max_readahead = LARGEST_READ, .flags = FUSE_ASYNC_READ | FUSE_MAX_PAGES,
                                  .max_background = 64, .congestion_threshold = 48, .max_write = LARGEST_READ, .time_gran = 1, .max_pages = LARGEST_READ / 4096};
      return reply(in, 0, &out, sizeof out);
    }
    case FUSE_LOOKUP: {
      if (in->nodeid != FUSE_ROOT_ID || strcmp(arg, "file") != 0) return reply(in, -ENOENT, NULL, 0);
      struct fuse_entry_out out = {.nodeid = FILE_NODE, .attr_valid = 60, .entry_valid = 60, .attr = attributes(FILE_NODE)};
      return reply(in, 0, &out, sizeof out);
    }
    case FUSE_GETATTR: {
      struct fuse_attr_out out = {.attr_valid = 60, .attr = attributes(in->nodeid)};
      return reply(in, 0, &out, sizeof out);
    }
    case FUSE_OPEN: {
      struct fuse_open_out out = {.open_flags = shortest > 0 ? FOPEN_DIRECT_IO : 0};
      return reply(in, 0, &out, sizeof out);
    }
    case FUSE_READ: return read_bytes(in, arg);
    case FUSE_STATFS: {
      struct fuse_statfs_out out = {.st = {.bsize = 4096, .frsize = 4096, .namelen = 255}};
      return reply(in, 0, &out, sizeof out);
    }
    case FUSE_FLUSH:
    case FUSE_RELEASE: return reply(in, 0, NULL, 0);
    case FUSE_FORGET:
    case FUSE_BATCH_FORGET:
    case FUSE_INTERRUPT: return; /* they want no answer; a read that is being made is finished */
    default: return reply(in, -ENOSYS, NULL, 0);
  }
}

int main(int argc, char **argv) {
  if (argc != 7) return 2;
  size = atoll(argv[2]);
  shortest = atoll(argv[3]);
  eio = atoll(argv[4]);
  slow = atoll(argv[5]);
  failure = atoi(argv[6]);
  device = open("/dev/fuse", O_RDWR | O_CLOEXEC);
  if (device < 0) {
    perror("fuse: /dev/fuse");
    return 1;
  }
  char options[100];
  snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=%d,group_id=%d", device, getuid(), getgid());
  if (mount("sluice-test", argv[1], "fuse", MS_NOSUID | MS_NODEV, options) != 0) {
    perror("fuse: mount");
    return 1;
  }
  puts("mounted");
  fflush(stdout);
  static char request[LARGEST_READ + 8192];
  struct pollfd either[2] = {{STDIN_FILENO, POLLIN, 0}, {device, POLLIN, 0}};
  for (;;) {
    if (poll(either, 2, -1) < 0 && errno != EINTR) break;
    if (either[0].revents != 0) break;
    if (either[1].revents == 0) continue;
    const ssize_t got = read(device, request, sizeof request);
    if (got < 0 && (errno == EINTR || errno == EAGAIN || errno == ENOENT)) continue;
    if (got < (ssize_t)sizeof(struct fuse_in_header)) break;
    answer((const struct fuse_in_header *)request, request + sizeof(struct fuse_in_header));
  }
  umount2(argv[1], MNT_DETACH);
  return 0;
}
