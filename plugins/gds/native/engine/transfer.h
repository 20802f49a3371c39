// What is asked of the engine, and how it is cut into calls.
#pragma once

#include <cstdint>
#include <memory>

#include "file.h"

namespace sluice {

enum class Kind : uint8_t { read, write, sync };

/** In `Completion::error`, beside errnos: the file ended. */
constexpr int kEndOfFile = -1;

/** Where a call failed, and how: an errno or kEndOfFile, an error of the library, one of the driver. */
struct Failure {
  int error = 0;
  FileResult result;
  int driver = 0;
  explicit operator bool() const { return error != 0 || result || driver != 0; }
};

struct Completion {
  uint64_t token = 0;
  Failure failure;
  /** The contiguous prefix that was moved, in bytes. */
  uint64_t transferred = 0;
  /** Bytes that the library moved, and bytes that came through the page cache. */
  uint64_t whole = 0;
  uint64_t edges = 0;
};

/** One call, or one copy: [from, to) of a transfer's bytes. */
struct Chunk {
  uint64_t from = 0;
  uint64_t to = 0;
  /** Whole blocks, for the library; else an edge. */
  bool whole = false;
};

struct Transfer {
  static constexpr uint64_t kBlock = 4096;
  static constexpr uint64_t kChunk = 4 << 20;

  // what is asked
  uint64_t token = 0;
  /** Transfers of one group are cancelled together. */
  uint32_t group = 0;
  Kind kind = Kind::read;
  std::shared_ptr<File> file;
  /** The block of device memory, and where in it the bytes are. */
  uint64_t base = 0;
  uint64_t at = 0;
  uint64_t offset = 0;
  uint64_t length = 0;

  // how far it is
  uint64_t next = 0;
  bool all_cut = false;
  unsigned in_flight = 0;
  Failure failure;
  uint64_t failed_at = 0;
  uint64_t whole = 0;
  uint64_t edges = 0;

  /** The next chunk; false, and `all_cut`, when there is none. A sync has one, which is empty. */
  bool cut(Chunk* chunk);
  /** Nothing from `position` on will be moved; chunks in flight still may be. The first place counts. */
  void fail(const Failure& with, uint64_t position);
  Completion finish() const;
};

}  // namespace sluice
