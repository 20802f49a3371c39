#include "transfer.h"

#include <algorithm>
#include <cstring>

namespace sluice {
namespace {

constexpr uint64_t kPage = 4096;
constexpr uint64_t kLargestOffset = INT64_MAX;

uint64_t down(uint64_t value, uint64_t to) { return value / to * to; }
uint64_t up(uint64_t value, uint64_t to) { return down(value + to - 1, to); }

}  // namespace

Cutter::Cutter(Kind kind, const File& file, const Piece& piece, int64_t logical, bool plain) : piece_(piece), logical_(logical) {
  const uint64_t from = piece.offset;
  const uint64_t to = from + piece.length;
  if (from == to) return;
  uint64_t low = 0;
  uint64_t high = 0;
  if (plain && file.direct() >= 0) {
    const uint64_t align = file.alignment().offset;
    if (kind == Kind::read) {
      // Outward where there is room for the bytes that nobody asked for, else inward.
      low = from - down(from, align) <= piece.lead ? down(from, align) : up(from, align);
      high = up(to, align) - to <= piece.slack && up(to, align) <= kLargestOffset ? up(to, align) : down(to, align);
    } else {
      // Edges go through the page cache, which no page may share with the body: the two never see half of each other.
      low = up(from, std::max(align, kPage));
      high = down(to, std::max(align, kPage));
    }
    const auto address = reinterpret_cast<uintptr_t>(piece.at) + low - from;
    if (address % file.alignment().memory != 0) high = low;
  }
  if (low >= high) {
    spans_[count_++] = {from, to, false};
    return;
  }
  if (low > from) spans_[count_++] = {from, low, false};
  spans_[count_++] = {low, high, true};
  if (high < to) spans_[count_++] = {high, to, false};
}

bool Cutter::next(Chunk* chunk) {
  while (current_ < count_ && spans_[current_].from == spans_[current_].to) current_++;
  if (current_ == count_) return false;
  Span& span = spans_[current_];
  const uint64_t length = std::min<uint64_t>(span.to - span.from, kChunkBytes);
  chunk->offset = span.from;
  chunk->at = piece_.at + (span.from - piece_.offset);
  chunk->length = static_cast<uint32_t>(length);
  chunk->direct = span.direct;
  chunk->logical = logical_ + static_cast<int64_t>(span.from - piece_.offset);
  chunk->logical_end = logical_ + static_cast<int64_t>(piece_.length);
  span.from += length;
  return true;
}

uint64_t Transfer::length() const {
  if (pieces.empty()) return piece.length;
  uint64_t sum = 0;
  for (const Piece& each : pieces) sum += each.length;
  return sum;
}

const Piece* Transfer::take_piece() {
  const size_t count = pieces.empty() ? 1 : pieces.size();
  if (next_piece == count) return nullptr;
  return pieces.empty() ? &piece + next_piece++ : &pieces[next_piece++];
}

bool Transfer::cut(Chunk* chunk) {
  while (!all_cut) {
    if (kind == Kind::sync) {
      all_cut = true;
      *chunk = Chunk{};
      return true;
    }
    if (cutter.next(chunk)) {
      all_cut = cutter.ended() && next_piece == std::max<size_t>(pieces.size(), 1);
      return true;
    }
    const Piece* taken = take_piece();
    if (taken == nullptr) {
      all_cut = true;
      break;
    }
    cutter = Cutter(kind, *file, *taken, next_logical, plain || slab != nullptr);
    next_logical += static_cast<int64_t>(taken->length);
  }
  return false;
}

void Transfer::fail(int with, int64_t at) {
  at = std::max<int64_t>(at, 0);
  if (error == 0 || at < failed_at) {
    error = with;
    failed_at = at;
  }
  all_cut = true;
}

Completion Transfer::finish() {
  const uint64_t whole = length();
  if (padding > 0) {
    const Piece& last = pieces.empty() ? piece : pieces.back();
    std::memset(last.at + last.length, 0, padding);
  }
  return {token, error, error == 0 ? whole : static_cast<uint64_t>(failed_at), direct, buffered};
}

}  // namespace sluice
