// Open files: their descriptors, what alignment their direct transfers need, how much of them is in the page cache.
#pragma once

#include <cstdint>

namespace sluice {

/** Files that ask for more go through the page cache. */
constexpr uint32_t kLargestAlignment = 1U << 20;

/** What transfers past the page cache must be multiples of. */
struct Alignment {
  uint32_t memory = 4096;
  uint32_t offset = 4096;
  /** False where the file system does not tell, and 4096 is assumed. */
  bool known = false;
  /** False where the file system says that it has no such transfers. */
  bool supported = true;
};

class File;
struct Transfer;

/** What an engine has of a file, for its thread alone. */
struct Load {
  /** The first and the last transfer that wait, and the file whose turn comes after this one's; see `Turns`. */
  Transfer* first = nullptr;
  Transfer* last = nullptr;
  File* next = nullptr;
  /** Requests in flight, and their bytes. */
  unsigned in_flight = 0;
  uint64_t bytes = 0;
};

/** Owns the descriptors of one file. */
class File {
 public:
  /** Takes over `buffered`, and `direct` unless it is -1. */
  File(int buffered, int direct, bool readable, bool writable, Alignment alignment)
      : buffered_(buffered), direct_(direct), readable_(readable), writable_(writable), alignment_(alignment) {}
  ~File() { close(); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  /** Through the page cache. */
  int buffered() const { return buffered_; }
  /** Past the page cache, or -1. */
  int direct() const { return direct_; }
  bool readable() const { return readable_; }
  bool writable() const { return writable_; }
  const Alignment& alignment() const { return alignment_; }

  /** Gives 0 or an errno: what was buffered may be refused as late as this. Must not race with transfers. */
  int close();

  Load load;

 private:
  int buffered_;
  int direct_;
  bool readable_;
  bool writable_;
  Alignment alignment_;
};

/** Asks the kernel (STATX_DIOALIGN, 6.1). */
Alignment alignment_of(int fd);

/** Size in bytes, of block devices too; -errno if it cannot be told. */
int64_t size_of(int fd);

/**
 * The part of a file of `size` bytes that is in the page cache, from 0 to 1, looked up in samples;
 * -1 where the kernel (before 6.5) or the file system cannot tell.
 */
double resident_part(int fd, uint64_t size);

}  // namespace sluice
