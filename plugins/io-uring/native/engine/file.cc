#include "file.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace sluice {
namespace {

// As in the kernel's uapi, where the build machine's headers may be older than the kernel that we run on.
struct StatxRecord {
  uint32_t mask, blksize;
  uint64_t attributes;
  uint32_t nlink, uid, gid;
  uint16_t mode, spare0;
  uint64_t ino, size, blocks, attributes_mask;
  struct {
    int64_t sec;
    uint32_t nsec;
    int32_t reserved;
  } times[4];
  uint32_t rdev_major, rdev_minor, dev_major, dev_minor;
  uint64_t mnt_id;
  uint32_t dio_mem_align, dio_offset_align;
  uint64_t spare3[12];
};
static_assert(sizeof(StatxRecord) == 256, "struct statx has 256 bytes");

constexpr unsigned kStatxSize = 0x200;
constexpr unsigned kStatxDioAlign = 0x2000;
constexpr int kEmptyPath = 0x1000;
constexpr long kCachestat = 451;
constexpr unsigned long kBlockGetSize64 = 0x80081272;

struct CachestatRange {
  uint64_t offset, length;
};
struct Cachestat {
  uint64_t cached, dirty, writeback, evicted, recently_evicted;
};

int statx_of(int fd, unsigned mask, StatxRecord* record) {
  return syscall(SYS_statx, fd, "", kEmptyPath, mask, record) == 0 ? 0 : errno;
}

constexpr uint64_t kSampleBytes = uint64_t{16} << 20;
constexpr uint64_t kSamples = 16;
constexpr uint64_t kPage = 4096;

}  // namespace

int File::close() {
  int error = 0;
  // EINTR leaves the descriptor closed on Linux.
  for (int* fd : {&direct_, &buffered_}) {
    if (*fd >= 0 && ::close(*fd) != 0 && errno != EINTR && error == 0) error = errno;
    *fd = -1;
  }
  return error;
}

Alignment alignment_of(int fd) {
  StatxRecord record{};
  Alignment alignment;
  if (statx_of(fd, kStatxDioAlign, &record) != 0 || (record.mask & kStatxDioAlign) == 0) return alignment;
  if (record.dio_offset_align == 0) {
    // "Not supported" by the letter; tmpfs answers this too, and takes such transfers.
    alignment.supported = false;
    return alignment;
  }
  // None that is known is larger, or no power of two; a chunk could not keep to it.
  if (kLargestAlignment % record.dio_offset_align != 0) {
    alignment.supported = false;
    return alignment;
  }
  alignment.memory = std::max(record.dio_mem_align, 1U);
  alignment.offset = record.dio_offset_align;
  alignment.known = true;
  return alignment;
}

int64_t size_of(int fd) {
  StatxRecord record{};
  if (const int error = statx_of(fd, kStatxSize, &record); error != 0) return -error;
  if (!S_ISBLK(record.mode)) return static_cast<int64_t>(record.size);
  uint64_t size = 0;
  return ioctl(fd, kBlockGetSize64, &size) == 0 ? static_cast<int64_t>(size) : -errno;
}

double resident_part(int fd, uint64_t size) {
  if (size == 0) return -1;
  const uint64_t samples = size <= kSamples * kSampleBytes ? 1 : kSamples;
  const uint64_t length = samples == 1 ? size : kSampleBytes;
  uint64_t cached = 0;
  for (uint64_t i = 0; i < samples; i++) {
    CachestatRange range{samples == 1 ? 0 : (size - length) / (samples - 1) * i, length};
    Cachestat found{};
    if (syscall(kCachestat, fd, &range, &found, 0) != 0) return -1;
    cached += found.cached;
  }
  return std::min(1.0, static_cast<double>(cached) / (static_cast<double>(samples) * static_cast<double>((length + kPage - 1) / kPage)));
}

}  // namespace sluice
