// Whose chunk is next: files take turns, so that one that is slow keeps no other waiting. Nothing here allocates.
#pragma once

#include <cstddef>
#include <cstdint>

#include "transfer.h"

namespace sluice {

/** What may be in flight, of all files together. */
struct Room {
  size_t free_slots = 0;
  uint64_t bytes = 0;
};

/** The transfers that still have chunks to cut: by file, in the order in which they came. They keep their files alive. */
class Turns {
 public:
  /** `slots`: as many requests as can be in flight. */
  explicit Turns(size_t slots = 0) : slots_(slots) {}

  void add(Transfer* transfer);
  /**
   * The file whose turn it is, of those that may start a request now or have a first transfer with nothing left to cut;
   * null if there is none. It keeps its turn until `pass` or `drop`.
   */
  File* next(const Room& room);
  /** The next file's turn. */
  void pass() { last_ = last_->load.next; }
  /** Takes out the first transfer of the file whose turn it is: the next file's turn. */
  void drop();
  /** Takes out all transfers, and gives them to `each` in the order of their files. `each` may add them again. */
  template <class Each>
  void take(Each&& each) {
    File* const last = last_;
    File* file = last == nullptr ? nullptr : last->load.next;
    last_ = nullptr;
    waiting_ = 0;
    while (file != nullptr) {
      File* const following = file == last ? nullptr : file->load.next;
      Transfer* transfer = file->load.first;
      file->load.first = nullptr;
      while (transfer != nullptr) {
        Transfer* const behind = transfer->behind;
        each(transfer);
        transfer = behind;
      }
      file = following;
    }
  }

 private:
  bool may_start(const Load& load, const Room& room) const;

  size_t slots_;
  /** The files are a ring of which this is the last one. */
  File* last_ = nullptr;
  size_t waiting_ = 0;
};

}  // namespace sluice
