#include "pinned.h"

#include <sys/mman.h>

#include <cerrno>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

namespace sluice {
namespace {

constexpr size_t kHugePage = size_t{2} << 20;
constexpr size_t kSmallPage = 4096;

size_t up(size_t value, size_t to) { return (value + to - 1) / to * to; }

/** Makes every page present and writable. Gives 0 or an errno. */
int fault_in(std::byte* data, size_t size) {
  if (madvise(data, size, MADV_POPULATE_WRITE) == 0) return 0;
  if (errno != EINVAL) return errno;
  for (size_t at = 0; at < size; at += kSmallPage) *reinterpret_cast<volatile char*>(data + at) = 0;  // before 5.14
  return 0;
}

}  // namespace

PinError Pinned::make(const Driver& driver, size_t bytes) {
  // What is smaller than a huge page does not need one.
  const bool huge = bytes >= kHugePage;
  const size_t size = up(bytes, huge ? kHugePage : kSmallPage);
  void* mapped = mmap(nullptr, size + (huge ? kHugePage : 0), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) return {errno};
  auto* at = static_cast<std::byte*>(mapped);
  if (huge) {
    const size_t skip = (kHugePage - reinterpret_cast<uintptr_t>(at) % kHugePage) % kHugePage;
    if (skip > 0) munmap(at, skip);
    munmap(at + skip + size, kHugePage - skip);
    at += skip;
    madvise(at, size, MADV_HUGEPAGE);
  }
  data_ = at;
  size_ = size;
  madvise(data_, size_, MADV_DONTFORK);
  if (const int error = fault_in(data_, size_); error != 0) {
    munmap(data_, size_);
    data_ = nullptr;
    return {error};
  }
  return register_with(driver, kCudaHostPortable | kCudaHostDeviceMap);
}

PinError Pinned::map(const Driver& driver, int fd, uint64_t offset, size_t bytes) {
  size_ = up(bytes, kSmallPage);
  void* mapped = mmap(nullptr, size_, PROT_READ, MAP_SHARED, fd, static_cast<off_t>(offset));
  if (mapped == MAP_FAILED) return {errno};
  data_ = static_cast<std::byte*>(mapped);
  madvise(data_, size_, MADV_DONTFORK);
  return register_with(driver, kCudaHostDeviceMap | kCudaHostReadOnly);
}

PinError Pinned::register_with(const Driver& driver, unsigned flags) {
  CudaResult result = driver.host_register(data_, size_, flags);
  if (result == kCudaSuccess) {
    result = driver.host_address(&address_, data_, 0);
    if (result == kCudaSuccess) return {};
    driver.host_unregister(data_);
  }
  munmap(data_, size_);
  data_ = nullptr;
  return {0, result};
}

void Pinned::end(const Driver& driver) {
  if (data_ == nullptr) return;
  driver.host_unregister(data_);
  munmap(data_, size_);
  data_ = nullptr;
}

}  // namespace sluice
