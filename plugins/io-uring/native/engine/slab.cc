#include "slab.h"

#include <sys/mman.h>
#include <sys/prctl.h>

#include <algorithm>
#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <string>

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

/** How the files of a control group's memory are called, and the counters of what the kernel gives up before it fails. */
struct Accounting {
  const char* root;
  const char* limit;
  const char* used;
  const char* reclaimable[3];
};
constexpr Accounting kUnified = {"/sys/fs/cgroup", "memory.max", "memory.current", {"inactive_file %" SCNu64, "active_file %" SCNu64, "slab_reclaimable %" SCNu64}};
constexpr Accounting kLegacy = {"/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes", {"total_inactive_file %" SCNu64, "total_active_file %" SCNu64, nullptr}};

/** What one group has left; a limit of "max" is no number: then it has none. What the page cache holds is given up when it is needed. */
uint64_t left_in(const std::string& folder, const Accounting& names) {
  uint64_t limit = 0;
  uint64_t used = 0;
  if (!read_number((folder + "/" + names.limit).c_str(), "%" SCNu64, &limit) || !read_number((folder + "/" + names.used).c_str(), "%" SCNu64, &used)) return UINT64_MAX;
  for (const char* counter : names.reclaimable) {
    uint64_t bytes = 0;
    if (counter != nullptr && read_number((folder + "/memory.stat").c_str(), counter, &bytes)) used -= std::min(used, bytes);
  }
  return limit > used ? limit - used : 0;
}

/** The group of this process and all around it: each has a limit of its own. */
uint64_t left_in_groups(std::string path, const Accounting& names) {
  uint64_t left = left_in(names.root, names);
  for (; path.size() > 1; path.resize(path.rfind('/'))) left = std::min(left, left_in(names.root + path, names));
  return left;
}

/** What the control groups leave: that of version 2, whose line has no controllers, or that of version 1 for memory. */
uint64_t left_by_groups() {
  uint64_t left = UINT64_MAX;
  FILE* file = std::fopen("/proc/self/cgroup", "re");
  if (file == nullptr) return left;
  char line[4096];
  while (std::fgets(line, sizeof line, file) != nullptr) {
    std::string text(line);
    while (!text.empty() && (text.back() == '\n' || text.back() == '/')) text.pop_back();
    const size_t first = text.find(':');
    const size_t second = first == std::string::npos ? first : text.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = "," + text.substr(first + 1, second - first - 1) + ",";
    if (controllers == ",,") left = std::min(left, left_in_groups(text.substr(second + 1), kUnified));
    else if (controllers.find(",memory,") != std::string::npos) left = std::min(left, left_in_groups(text.substr(second + 1), kLegacy));
  }
  std::fclose(file);
  return left;
}

/** Whether the kernel heeds advice for huge pages: neither the system nor this process has them switched off. */
bool heeds_huge_pages() {
#ifdef PR_GET_THP_DISABLE
  if (prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0) == 1) return false;  // 3 exempts what was advised
#endif
  FILE* file = std::fopen("/sys/kernel/mm/transparent_hugepage/enabled", "re");
  if (file == nullptr) return false;
  char line[128] = "";
  const bool read = std::fgets(line, sizeof line, file) != nullptr;
  std::fclose(file);
  return read && std::strstr(line, "[never]") == nullptr;
}

}  // namespace

size_t available_memory() {
  uint64_t available = SIZE_MAX;
  uint64_t kib = 0;
  if (read_number("/proc/meminfo", "MemAvailable: %" SCNu64 " kB", &kib)) available = kib * 1024;
  return std::min(available, left_by_groups());
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
    pages = madvise(data, size, MADV_HUGEPAGE) == 0 && heeds_huge_pages() ? Pages::transparent : Pages::small;
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
