#include "transfer.h"

#include <algorithm>

namespace sluice {

bool Transfer::cut(Chunk* chunk) {
  if (all_cut) return false;
  if (kind == Kind::sync || length == 0) {
    // Also of a transfer without bytes: somebody has to complete it.
    all_cut = true;
    *chunk = {};
    return true;
  }
  if (next == length) {
    all_cut = true;
    return false;
  }
  // Edges up to the first and from the last block on; between them whole blocks, cut at multiples of a chunk of the file.
  const uint64_t from = offset + next;
  const uint64_t end = offset + length;
  const uint64_t low = (offset + kBlock - 1) / kBlock * kBlock;
  const uint64_t high = end / kBlock * kBlock;
  uint64_t to = end;
  chunk->whole = low < high && from >= low && from < high;
  if (chunk->whole) to = std::min(high, (from / kChunk + 1) * kChunk);
  else if (low < high && from < low) to = low;
  chunk->from = next;
  chunk->to = next = to - offset;
  return true;
}

void Transfer::fail(const Failure& with, uint64_t position) {
  if (!failure || position < failed_at) {
    failure = with;
    failed_at = position;
  }
  all_cut = true;
}

Completion Transfer::finish() const { return {token, failure, failure ? failed_at : length, whole, edges}; }

}  // namespace sluice
