// Open files: their descriptors, and what the library knows them by.
#pragma once

#include <cstdint>

#include "vendor.h"

namespace sluice {

/** Owns the descriptors of one file and its registration. */
class File {
 public:
  /** Takes over `buffered`, and `direct` unless it is -1. */
  File(const FileLibrary& library, int buffered, int direct, bool readable, bool writable)
      : library_(library), buffered_(buffered), direct_(direct), readable_(readable), writable_(writable) {}
  ~File() { close(); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  FileResult register_with_library();

  /** Through the page cache. */
  int buffered() const { return buffered_; }
  FileHandle handle() const { return handle_; }
  bool readable() const { return readable_; }
  bool writable() const { return writable_; }
  /** Bytes, of block devices too; -errno if it cannot be told. */
  int64_t size() const;

  /** Gives 0 or an errno: what was buffered may be refused as late as this. Must not race with transfers. */
  int close();

 private:
  const FileLibrary& library_;
  int buffered_;
  int direct_;
  bool readable_;
  bool writable_;
  FileHandle handle_ = nullptr;
};

}  // namespace sluice
