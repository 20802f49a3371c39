#include "turns.h"

#include <algorithm>

namespace sluice {
namespace {

/**
 * Bytes in flight before more requests wait. From 8 to 64 MiB the throughput of the disk at hand did not differ beyond
 * noise; an abort has to sit out what is in flight.
 */
constexpr uint64_t kBytes = uint64_t{32} << 20;
/** Slots, and bytes beyond those, for files that have little in flight: others may hold the rest, and never answer. */
constexpr size_t kKeptSlots = 32;
constexpr uint64_t kKeptBytes = uint64_t{8} << 20;
/** As many requests are little. */
constexpr unsigned kLittle = 8;
/** Of the slots that are kept, those for files that have nothing in flight. */
constexpr size_t kFirstSlots = 16;

}  // namespace

void Turns::add(Transfer* transfer) {
  Load& load = transfer->file->load;
  transfer->behind = nullptr;
  if (load.first != nullptr) {
    load.last = load.last->behind = transfer;
    return;
  }
  File* const file = transfer->file.get();
  load.first = load.last = transfer;
  load.next = last_ == nullptr ? file : last_->load.next;
  if (last_ != nullptr) last_->load.next = file;
  last_ = file;
  waiting_++;
}

File* Turns::next(const Room& room) {
  if (room.free_slots == 0) return nullptr;
  for (size_t passed = 0; passed < waiting_; passed++, pass()) {
    File* const file = last_->load.next;
    if (file->load.first->all_cut || may_start(file->load, room)) return file;
  }
  return nullptr;
}

/** One file alone has all that is not kept; of several that wait, each has a share of it. */
bool Turns::may_start(const Load& load, const Room& room) const {
  if (load.in_flight == 0) return true;
  if (load.in_flight < kLittle && room.free_slots > kFirstSlots && room.bytes < kBytes + kKeptBytes) return true;
  return room.free_slots > kKeptSlots && room.bytes < kBytes && load.in_flight < (slots_ - kKeptSlots) / waiting_ && load.bytes < kBytes / waiting_;
}

void Turns::drop() {
  File* const file = last_->load.next;
  file->load.first = file->load.first->behind;
  if (file->load.first != nullptr) {
    pass();
    return;
  }
  if (file == last_) last_ = nullptr;
  else last_->load.next = file->load.next;
  waiting_--;
}

}  // namespace sluice
