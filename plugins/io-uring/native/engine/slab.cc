#include "slab.h"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cinttypes>
#include <cstdio>

#ifndef MAP_HUGE_2MB
#define MAP_HUGE_2MB (21 << 26)
#endif
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

namespace sluice {
namespace {

constexpr size_t kSmallPage = 4096;

/** Makes every page present and writable, so that no transfer waits for a fault. Gives 0 or an errno. */
int fault_in(std::byte* data, size_t size) {
  if (madvise(data, size, MADV_POPULATE_WRITE) == 0) return 0;
  if (errno != EINVAL) return errno;
  for (size_t at = 0; at < size; at += kSmallPage) *reinterpret_cast<volatile char*>(data + at) = 0;  // before 5.14
  return 0;
}

std::byte* map_anonymous(size_t size, int flags) {
  void* at = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
  return at == MAP_FAILED ? nullptr : static_cast<std::byte*>(at);
}

/** A mapping of `size` bytes at a multiple of 2 MiB. */
std::byte* map_aligned(size_t size) {
  std::byte* at = map_anonymous(size + kHugePage, 0);
  if (at == nullptr) return nullptr;
  const size_t skip = (kHugePage - reinterpret_cast<uintptr_t>(at) % kHugePage) % kHugePage;
  if (skip > 0) munmap(at, skip);
  munmap(at + skip + size, kHugePage - skip);
  return at + skip;
}

bool read_number(const char* path, const char* format, uint64_t* value) {
  FILE* file = std::fopen(path, "re");
  if (file == nullptr) return false;
  char line[256];
  bool found = false;
  while (!found && std::fgets(line, sizeof line, file) != nullptr) found = std::sscanf(line, format, value) == 1;
  std::fclose(file);
  return found;
}

}  // namespace

size_t available_memory() {
  uint64_t available = SIZE_MAX;
  uint64_t kib = 0;
  if (read_number("/proc/meminfo", "MemAvailable: %" SCNu64 " kB", &kib)) available = kib * 1024;
  uint64_t limit = 0;
  uint64_t used = 0;
  // "max" is no number: then there is no limit.
  if (read_number("/sys/fs/cgroup/memory.max", "%" SCNu64, &limit) && read_number("/sys/fs/cgroup/memory.current", "%" SCNu64, &used)) {
    available = std::min(available, limit > used ? limit - used : 0);
  }
  return available;
}

std::shared_ptr<Slab> Slab::map(size_t size, int* error) {
  *error = ENOMEM;
  if (size == 0 || size > PTRDIFF_MAX - kHugePage) return nullptr;
  size = (size + kHugePage - 1) / kHugePage * kHugePage;
  // Of this size, whatever the system's default is: another would round the length up, and not unmap by ours.
  Pages pages = Pages::hugetlb;
  std::byte* data = map_anonymous(size, MAP_HUGETLB | MAP_HUGE_2MB);
  if (data != nullptr && madvise(data, size, MADV_POPULATE_WRITE) != 0) {
    // Reserved, and then refused: by a control group's limit. A fault would be a SIGBUS.
    munmap(data, size);
    data = nullptr;
  }
  if (data == nullptr) {
    // Faulting in more than there is would not fail: the kernel would kill somebody.
    if (size > available_memory()) return nullptr;
    data = map_aligned(size);
    if (data == nullptr) return nullptr;
    pages = madvise(data, size, MADV_HUGEPAGE) == 0 ? Pages::transparent : Pages::small;
    if (const int failed = fault_in(data, size); failed != 0) {
      *error = failed;
      munmap(data, size);
      return nullptr;
    }
  }
  std::shared_ptr<Slab> slab(new Slab(data, size, pages));
  // fork would copy pages that are pinned, at once and in full.
  madvise(data, size, MADV_DONTFORK);
  *error = 0;
  return slab;
}

Slab::~Slab() { munmap(data_, size_); }

}  // namespace sluice
