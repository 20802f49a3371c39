// The part of the engine that its thread runs.
#include <algorithm>
#include <cerrno>

#include "engine.h"

namespace sluice {
namespace {

/** Registered buffers that a ring has room for; the kernel's limit is 16384. */
constexpr unsigned kBuffers = 1024;
/**
 * Times that a request which moves nothing is made again on EAGAIN or EINTR. The kernel waits by itself where it can; a file
 * that says so for ever fails with it.
 */
constexpr uint32_t kTries = 1000;

constexpr uint64_t kWake = uint64_t{1} << 63;
constexpr uint64_t kCancel = uint64_t{1} << 62;

uint64_t user_data_of(uint32_t index, uint32_t generation) { return uint64_t{generation & 0x3fffffffU} << 32 | index; }

}  // namespace

void Engine::run() {
  for (;;) {
    receive();
    start_chunks();
    deliver();
    const bool idle = transfers_.empty();
    if (stopping_ && idle && !wake_armed_) break;
    if (!stopping_) arm_wake();
    // For one: to wait for several small ones at once saves no CPU time that can be measured, and leaves the device less to do.
    const int result = ring_.enter(1);
    counters_.enters.fetch_add(1, std::memory_order_relaxed);
    if (result < 0 && result != -EINTR && result != -EAGAIN && result != -EBUSY) {
      break_with(-result);
      break;
    }
    ring_.reap([this](uint64_t user_data, int32_t completion) { completed(user_data, completion); });
  }
  ring_.close();
  answer_latecomers();
}

/** Until the engine is stopped: what comes in when the ring is gone gets its answer too. */
void Engine::answer_latecomers() {
  for (;;) {
    std::vector<std::function<void()>> calls;
    std::vector<std::unique_ptr<Transfer>> late;
    {
      std::unique_lock<std::mutex> lock(mutex_);
      // Not by reading the eventfd: the read that the lost ring still has on it could take what is meant for us.
      changed_.wait(lock, [&] { return !inbox_.calls.empty() || !inbox_.transfers.empty() || inbox_.stop || stopping_; });
      calls.swap(inbox_.calls);
      late.swap(inbox_.transfers);
      if (calls.empty() && late.empty() && (inbox_.stop || stopping_)) {
        finished_ = true;
        break;
      }
    }
    for (auto& transfer : late) {
      transfer->fail(broken_ != 0 ? broken_.load() : ECANCELED, 0);
      done_.push_back(transfer->finish());
    }
    deliver();
    for (auto& call : calls) call();
  }
}

void Engine::receive() {
  Inbox inbox;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    inbox.transfers.swap(inbox_.transfers);
    inbox.cancels.swap(inbox_.cancels);
    inbox.calls.swap(inbox_.calls);
    inbox.stop = inbox_.stop;
  }
  for (auto& transfer : inbox.transfers) {
    Transfer* raw = transfer.get();
    transfers_.emplace(raw, std::move(transfer));
    raw->queued = true;
    turns_.add(raw);
  }
  for (const uint32_t group : inbox.cancels) cancel_matching(false, group);
  if (inbox.stop) {
    stopping_ = true;
    cancel_matching(true, 0);
  }
  for (auto& call : inbox.calls) call();
}

void Engine::cancel_matching(bool all, uint32_t group) {
  const auto matches = [&](const Transfer& transfer) { return all || transfer.group == group; };
  std::vector<Transfer*> stopped;
  turns_.take([&](Transfer* transfer) {
    if (matches(*transfer)) stopped.push_back(transfer);
    else turns_.add(transfer);
  });
  for (Transfer* transfer : stopped) {
    Chunk chunk;
    if (transfer->cut(&chunk)) transfer->fail(ECANCELED, chunk.logical);
    transfer->queued = false;
    settle(transfer);
  }
  for (uint32_t i = 0; i < slots_.size(); i++) {
    Slot& slot = slots_[i];
    if (slot.transfer == nullptr || slot.cancelled || !matches(*slot.transfer)) continue;
    slot.cancelled = true;
    cancels_.push_back(i);
  }
}

void Engine::start_chunks() {
  for (; !cancels_.empty(); cancels_.pop_back()) {
    const Slot& slot = slots_[cancels_.back()];
    if (slot.transfer == nullptr) continue;
    io_uring_sqe* sqe = ring_.next();
    if (sqe == nullptr) return;
    sqe->opcode = IORING_OP_ASYNC_CANCEL;
    sqe->fd = -1;
    sqe->addr = user_data_of(cancels_.back(), slot.generation);
    sqe->user_data = kCancel;
  }
  while (!retries_.empty()) {
    const uint32_t index = retries_.back();
    Slot& slot = slots_[index];
    if (slot.cancelled) {
      // The cancellation found nothing in flight: what is left of it does not begin again.
      slot.transfer->fail(ECANCELED, slot.chunk.logical);
      account(slot, slot.chunk.length);
      release(index);
    } else if (!prepare(index)) {
      return;
    }
    retries_.pop_back();
  }
  while (File* file = turns_.next({free_slots_.size(), bytes_in_flight_})) {
    Transfer* transfer = file->load.first;
    Chunk chunk;
    const bool found = transfer->cut(&chunk);
    if (transfer->all_cut) {
      turns_.drop();
      transfer->queued = false;
    } else {
      turns_.pass();
    }
    if (!found) {
      settle(transfer);
      continue;
    }
    const uint32_t index = free_slots_.back();
    free_slots_.pop_back();
    slots_[index].transfer = transfer;
    slots_[index].chunk = chunk;
    slots_[index].cancelled = false;
    slots_[index].generation++;
    slots_[index].tries = 0;
    transfer->in_flight++;
    file->load.in_flight++;
    file->load.bytes += chunk.length;
    bytes_in_flight_ += chunk.length;
    if (prepare(index)) continue;
    retries_.push_back(index);
    return;
  }
}

/** False if the submission queue has no room, which cancellations take for now: it has when they have gone down. */
bool Engine::prepare(uint32_t index) {
  io_uring_sqe* sqe = ring_.next();
  if (sqe == nullptr) return false;
  const Slot& slot = slots_[index];
  const Transfer& transfer = *slot.transfer;
  const Chunk& chunk = slot.chunk;
  sqe->user_data = user_data_of(index, slot.generation);
  counters_.requests.fetch_add(1, std::memory_order_relaxed);
  if (transfer.kind == Kind::sync) {
    sqe->opcode = IORING_OP_FSYNC;
    sqe->fd = transfer.file->buffered();
    sqe->fsync_flags = IORING_FSYNC_DATASYNC;
    return true;
  }
  const bool read = transfer.kind == Kind::read;
  sqe->opcode = read ? IORING_OP_READ : IORING_OP_WRITE;
  sqe->fd = chunk.direct ? transfer.file->direct() : transfer.file->buffered();
  sqe->off = chunk.offset;
  sqe->addr = reinterpret_cast<uint64_t>(chunk.at);
  sqe->len = chunk.length;
  const Slab* slab = transfer.slab.get();
  if (slab == nullptr || slab->first_buffer < 0) return true;
  const auto from = static_cast<size_t>(chunk.at - slab->data());
  const size_t buffer = from / kBufferBytes;
  if ((from + chunk.length - 1) / kBufferBytes != buffer) return true;  // reaches over two registered buffers
  sqe->opcode = read ? IORING_OP_READ_FIXED : IORING_OP_WRITE_FIXED;
  sqe->buf_index = static_cast<uint16_t>(static_cast<size_t>(slab->first_buffer) + buffer);
  counters_.registered.fetch_add(1, std::memory_order_relaxed);
  return true;
}

void Engine::arm_wake() {
  if (wake_armed_) return;
  io_uring_sqe* sqe = ring_.next();
  if (sqe == nullptr) return;
  sqe->opcode = IORING_OP_READ;
  sqe->fd = wake_fd_;
  sqe->addr = reinterpret_cast<uint64_t>(&wake_count_);
  sqe->len = sizeof wake_count_;
  sqe->user_data = kWake;
  wake_armed_ = true;
}

void Engine::completed(uint64_t user_data, int32_t result) {
  if ((user_data & kCancel) != 0) return;
  if ((user_data & kWake) != 0) {
    wake_armed_ = false;
    return;
  }
  const auto index = static_cast<uint32_t>(user_data);
  Slot& slot = slots_[index];
  if (advance(slot, result)) {
    retries_.push_back(index);
    return;
  }
  release(index);
}

/** So much of a chunk is in flight no more. */
void Engine::account(Slot& slot, uint32_t bytes) {
  bytes_in_flight_ -= bytes;
  slot.transfer->file->load.bytes -= bytes;
  slot.chunk.length -= bytes;
}

/** Frees the slot of a chunk that is over. */
void Engine::release(uint32_t index) {
  Transfer* transfer = slots_[index].transfer;
  slots_[index].transfer = nullptr;
  free_slots_.push_back(index);
  transfer->in_flight--;
  transfer->file->load.in_flight--;
  settle(transfer);
}

/** Takes in what a request did; true if the rest of it has to be asked for again. */
bool Engine::advance(Slot& slot, int32_t result) {
  Transfer& transfer = *slot.transfer;
  Chunk& chunk = slot.chunk;
  if (result == -EINTR || result == -EAGAIN) {
    if (slot.cancelled) result = -ECANCELED;
    else if (++slot.tries < kTries) return true;
  }
  if (result < 0 || transfer.kind == Kind::sync) {
    if (result < 0) transfer.fail(-result, chunk.logical);
    account(slot, chunk.length);
    return false;
  }
  const auto moved = std::min(static_cast<uint32_t>(result), chunk.length);
  // What was read to fill up an aligned block is nobody's.
  const int64_t to = std::min(chunk.logical + moved, chunk.logical_end);
  const auto counted = static_cast<uint64_t>(std::max<int64_t>(to - std::max<int64_t>(chunk.logical, 0), 0));
  (chunk.direct ? transfer.direct : transfer.buffered) += counted;
  account(slot, moved);
  slot.tries = 0;
  chunk.offset += moved;
  chunk.at += moved;
  chunk.logical += moved;
  if (chunk.length == 0 || chunk.logical >= chunk.logical_end) {
    account(slot, chunk.length);
    return false;
  }
  if (moved == 0 || slot.cancelled) {
    transfer.fail(moved > 0 ? ECANCELED : transfer.kind == Kind::read ? kEndOfFile : EIO, chunk.logical);
    account(slot, chunk.length);
    return false;
  }
  // A direct transfer that stopped inside a block has met the end of the file, or nearly: the page cache has the exact answer.
  const Alignment& alignment = transfer.file->alignment();
  if (chunk.direct && (chunk.offset % alignment.offset != 0 || reinterpret_cast<uintptr_t>(chunk.at) % alignment.memory != 0)) {
    chunk.direct = false;
    const int64_t rest = chunk.logical_end - chunk.logical;
    if (rest < chunk.length) account(slot, chunk.length - static_cast<uint32_t>(rest));
  }
  return true;
}

/** Completes a transfer if nothing of it is in flight and nothing will be. */
void Engine::settle(Transfer* transfer) {
  if (transfer->in_flight > 0 || transfer->queued) return;
  const auto found = transfers_.find(transfer);
  done_.push_back(transfer->finish());
  transfers_.erase(found);
}

void Engine::deliver() {
  if (done_.empty()) return;
  bool tell = false;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    outbox_.insert(outbox_.end(), done_.begin(), done_.end());
    tell = !notified_;
    notified_ = true;
  }
  done_.clear();
  if (tell) notify_();
}

void Engine::break_with(int error) {
  broken_ = error;
  // The kernel may still be writing to that memory, and nobody will ever say when it stops: it is kept for good.
  static auto* abandoned = new std::vector<std::unique_ptr<Transfer>>();
  static auto* guard = new std::mutex();
  turns_.take([](Transfer*) {});
  std::lock_guard<std::mutex> lock(*guard);
  for (auto& [transfer, owned] : transfers_) {
    Chunk chunk;
    int64_t at = transfer->cut(&chunk) ? chunk.logical : static_cast<int64_t>(transfer->length());
    for (const Slot& slot : slots_) {
      if (slot.transfer == transfer) at = std::min(at, slot.chunk.logical);
    }
    transfer->fail(error, at);
    // Whatever else has failed of it: whoever is told of the loss keeps the memory, which another error would set free.
    const bool writable = transfer->in_flight > 0;
    done_.push_back({transfer->token, writable ? error : transfer->error, static_cast<uint64_t>(transfer->failed_at), transfer->direct, transfer->buffered});
    transfer->file->load = Load{};
    if (writable) abandoned->push_back(std::move(owned));
  }
  transfers_.clear();
  deliver();
}

int Engine::update_buffers(Slab& slab, bool in) {
  if (!in && slab.first_buffer < 0) return 0;
  if (broken_ != 0) return broken_;
  if (!buffers_reserved_) {
    buffers_reserved_ = true;
    buffers_error_ = ring_.reserve_buffers(kBuffers);
    if (buffers_error_ == 0) buffers_.assign(kBuffers, false);
  }
  if (buffers_error_ != 0) return buffers_error_;
  const size_t count = (slab.size() + kBufferBytes - 1) / kBufferBytes;
  size_t first = static_cast<size_t>(slab.first_buffer);
  if (in) {
    const auto room = std::search_n(buffers_.begin(), buffers_.end(), static_cast<long>(count), false);
    if (room == buffers_.end()) return ENOBUFS;
    first = static_cast<size_t>(room - buffers_.begin());
  }
  int error = 0;
  size_t updated = 0;
  for (; updated < count && error == 0; updated++) {
    std::byte* at = slab.data() + updated * kBufferBytes;
    const size_t length = std::min(kBufferBytes, slab.size() - updated * kBufferBytes);
    error = ring_.update_buffer(static_cast<unsigned>(first + updated), in ? at : nullptr, in ? length : 0);
    if (error == 0) buffers_[first + updated] = in;
  }
  if (in && error != 0) {
    for (size_t i = 0; i < updated; i++) {
      if (buffers_[first + i] && ring_.update_buffer(static_cast<unsigned>(first + i), nullptr, 0) == 0) buffers_[first + i] = false;
    }
  }
  slab.first_buffer = in && error == 0 ? static_cast<int>(first) : -1;
  return error;
}

}  // namespace sluice
