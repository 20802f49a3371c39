// What is asked of the engine, and how it is cut into requests that the kernel takes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "file.h"
#include "slab.h"

namespace sluice {

enum class Kind : uint8_t { read, write, sync };

/** In `Completion::error`, beside errnos: the file ended. */
constexpr int kEndOfFile = -1;

/** One contiguous stretch of a file, and of memory. */
struct Piece {
  uint64_t offset = 0;
  std::byte* at = nullptr;
  uint64_t length = 0;
  /** Bytes before `at`, and after `at + length`, that a read may overwrite in order to be aligned. */
  uint32_t lead = 0;
  uint32_t slack = 0;
};

/** One request: a stretch of a piece that moves in one go, unless it comes back short. */
struct Chunk {
  uint64_t offset = 0;
  std::byte* at = nullptr;
  uint32_t length = 0;
  bool direct = false;
  /** Where `offset` and the end of the piece lie in the transfer's own bytes; the lead comes before 0. */
  int64_t logical = 0;
  int64_t logical_end = 0;
};

struct Completion {
  uint64_t token = 0;
  /** 0, an errno, or kEndOfFile. */
  int error = 0;
  /** The contiguous prefix that was moved, in bytes. */
  uint64_t transferred = 0;
  /** The bytes of it by path. */
  uint64_t direct = 0;
  uint64_t buffered = 0;
};

/** Cuts one piece into chunks. */
class Cutter {
 public:
  /** At most this much at once; a multiple of every alignment. */
  static constexpr uint32_t kChunkBytes = 1U << 20;
  static_assert(kChunkBytes % kLargestAlignment == 0, "chunks are cut at blocks");

  Cutter() = default;
  /** `plain`: the memory is pages of the process. Any other goes through the page cache: the kernel reads nothing directly into a device's mapping. */
  Cutter(Kind kind, const File& file, const Piece& piece, int64_t logical, bool plain);
  /** False when the piece is cut up. */
  bool next(Chunk* chunk);
  /** Nothing is left to cut. */
  bool ended() const { return current_ >= count_ || (current_ + 1 == count_ && spans_[current_].from == spans_[current_].to); }

 private:
  struct Span {
    uint64_t from = 0;
    uint64_t to = 0;
    bool direct = false;
  };
  Span spans_[3];
  unsigned count_ = 0;
  unsigned current_ = 0;
  Piece piece_;
  int64_t logical_ = 0;
};

/** A transfer on its way through the engine. */
struct Transfer {
  // what is asked
  uint64_t token = 0;
  /** Transfers of one group are cancelled together. */
  uint32_t group = 0;
  Kind kind = Kind::read;
  std::shared_ptr<File> file;
  /** The slab that holds the memory, if one does: held until nothing touches it any more. */
  std::shared_ptr<Slab> slab;
  /** The memory is no slab's, and takes direct I/O all the same. */
  bool plain = false;
  Piece piece;
  /** For a gather, in place of `piece`: they lie packed in memory, in this order. */
  std::vector<Piece> pieces;
  /** Bytes behind the last piece that are zero when the transfer is done. */
  uint32_t padding = 0;

  // how far it is
  Cutter cutter;
  size_t next_piece = 0;
  int64_t next_logical = 0;
  bool all_cut = false;
  /** It waits for its file's turn, before the one behind it. */
  bool queued = false;
  Transfer* behind = nullptr;
  unsigned in_flight = 0;
  int error = 0;
  /** Where the first chunk failed that did, in the transfer's bytes. */
  int64_t failed_at = 0;
  uint64_t direct = 0;
  uint64_t buffered = 0;

  uint64_t length() const;
  /** The next chunk; false when there is none. `all_cut` tells with the last one, save where empty pieces follow. */
  bool cut(Chunk* chunk);
  /** Nothing from here on will be moved; chunks in flight still may be. */
  void fail(int with, int64_t at);
  Completion finish();

 private:
  const Piece* take_piece();
};

}  // namespace sluice
