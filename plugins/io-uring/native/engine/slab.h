// Memory that devices transfer to and from: large pages, faulted in, not inherited by children.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace sluice {

enum class Pages { hugetlb, transparent, small };

/** One registered buffer covers at most this much: the kernel's limit. */
constexpr size_t kBufferBytes = size_t{1} << 30;
constexpr size_t kHugePage = size_t{2} << 20;

/** A 2 MiB-aligned stretch of memory. It is unmapped when nobody holds it any more. */
class Slab {
 public:
  /**
   * Maps and faults in `size` bytes, rounded up to 2 MiB. Null, with `error` set, if there is no memory for it:
   * ENOMEM, without trying, where the machine or the control group has less than that available.
   */
  static std::shared_ptr<Slab> map(size_t size, int* error);
  ~Slab();
  Slab(const Slab&) = delete;
  Slab& operator=(const Slab&) = delete;

  std::byte* data() const { return data_; }
  size_t size() const { return size_; }
  Pages pages() const { return pages_; }

  /** Index of its first registered buffer, -1 while it is not registered. Written and read by the engine's thread. */
  int first_buffer = -1;

 private:
  Slab(std::byte* data, size_t size, Pages pages) : data_(data), size_(size), pages_(pages) {}

  std::byte* data_;
  size_t size_;
  Pages pages_;
};

/** Bytes that this process can still take before something has to give; SIZE_MAX if nothing tells. */
size_t available_memory();

}  // namespace sluice
