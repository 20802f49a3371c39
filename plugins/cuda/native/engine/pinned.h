// Host memory that the device reads and writes by itself: ours, or the pages of a file.
#pragma once

#include <cstddef>
#include <cstdint>

#include "driver.h"

namespace sluice {

/** What became of a mapping: an errno of the system, a result of the driver, or neither. */
struct PinError {
  int error = 0;
  CudaResult result = kCudaSuccess;
  explicit operator bool() const { return error != 0 || result != kCudaSuccess; }
};

/** A mapping that is registered with the device. The context must be current wherever one is made, and where one is ended. */
class Pinned {
 public:
  Pinned() = default;
  Pinned(const Pinned&) = delete;
  Pinned& operator=(const Pinned&) = delete;

  /** Anonymous memory of whole huge pages, faulted in and kept out of children of `fork`. */
  PinError make(const Driver& driver, size_t bytes);
  /**
   * The pages of a file from `offset`, a multiple of the page, on: shared and read-only. Never private, which the driver was
   * seen to hang on; registered as read-only, which it refuses such a mapping without.
   */
  PinError map(const Driver& driver, int fd, uint64_t offset, size_t bytes);
  /** Ends it. A context that is lost gives its memory back as it is. */
  void end(const Driver& driver);

  std::byte* data() const { return data_; }
  size_t size() const { return size_; }
  /** Where the device finds it. */
  CudaAddress address() const { return address_; }

 private:
  PinError register_with(const Driver& driver, unsigned flags);

  std::byte* data_ = nullptr;
  size_t size_ = 0;
  CudaAddress address_ = 0;
};

}  // namespace sluice
