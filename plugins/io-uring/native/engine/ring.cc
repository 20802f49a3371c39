#include "ring.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace sluice {
namespace {

int setup(unsigned entries, io_uring_params* params) { return static_cast<int>(syscall(__NR_io_uring_setup, entries, params)); }

int register_with(int fd, unsigned op, void* arg, unsigned count) {
  return syscall(__NR_io_uring_register, fd, op, arg, count) < 0 ? errno : 0;
}

constexpr uint8_t kNeeded[] = {IORING_OP_NOP, IORING_OP_READ, IORING_OP_WRITE, IORING_OP_READ_FIXED, IORING_OP_WRITE_FIXED, IORING_OP_FSYNC, IORING_OP_ASYNC_CANCEL};

}  // namespace

Ring::~Ring() { close(); }

void Ring::close() {
  if (sqes_ != nullptr) munmap(sqes_, sqes_size_);
  if (rings_ != nullptr) munmap(rings_, rings_size_);
  if (fd_ >= 0) ::close(fd_);
  sqes_ = nullptr;
  rings_ = nullptr;
  fd_ = -1;
}

RingError Ring::open(unsigned entries) {
  // With these, completions are handled in this thread when it asks for them, and interrupt nothing else.
  constexpr unsigned kWanted[] = {IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN, IORING_SETUP_SINGLE_ISSUER, 0};
  for (unsigned wanted : kWanted) {
    io_uring_params params{};
    params.flags = wanted;
    fd_ = setup(entries, &params);
    if (fd_ < 0 && errno == EINVAL && wanted != 0) continue;
    if (fd_ < 0) return {Stage::setup, errno};
    flags_ = wanted;
    if (const int error = map(params); error != 0) return {Stage::map, error};
    break;
  }
  return check();
}

int Ring::map(const io_uring_params& params) {
  sq_entries_ = params.sq_entries;
  // Kernels before 5.4 have two mappings; they lack what `check` asks for anyway.
  if ((params.features & IORING_FEAT_SINGLE_MMAP) == 0) return ENOSYS;
  rings_size_ = std::max<size_t>(params.sq_off.array + params.sq_entries * sizeof(unsigned), params.cq_off.cqes + params.cq_entries * sizeof(io_uring_cqe));
  void* rings = mmap(nullptr, rings_size_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd_, IORING_OFF_SQ_RING);
  if (rings == MAP_FAILED) return errno;
  rings_ = rings;
  sqes_size_ = params.sq_entries * sizeof(io_uring_sqe);
  void* sqes = mmap(nullptr, sqes_size_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd_, IORING_OFF_SQES);
  if (sqes == MAP_FAILED) return errno;
  sqes_ = static_cast<io_uring_sqe*>(sqes);
  // A child of fork must not submit to its parent's ring.
  madvise(rings_, rings_size_, MADV_DONTFORK);
  madvise(sqes_, sqes_size_, MADV_DONTFORK);

  char* base = static_cast<char*>(rings_);
  const auto at = [base](unsigned offset) { return reinterpret_cast<unsigned*>(base + offset); };
  sq_head_ = at(params.sq_off.head);
  sq_tail_ = at(params.sq_off.tail);
  sq_mask_ = *at(params.sq_off.ring_mask);
  cq_head_ = at(params.cq_off.head);
  cq_tail_ = at(params.cq_off.tail);
  cq_mask_ = *at(params.cq_off.ring_mask);
  cqes_ = reinterpret_cast<io_uring_cqe*>(base + params.cq_off.cqes);
  // Entry i of the queue is always sqe i.
  unsigned* array = at(params.sq_off.array);
  for (unsigned i = 0; i < params.sq_entries; i++) array[i] = i;
  return 0;
}

RingError Ring::check() {
  constexpr unsigned kOps = 64;
  alignas(io_uring_probe) char space[sizeof(io_uring_probe) + kOps * sizeof(io_uring_probe_op)] = {};
  auto* known = reinterpret_cast<io_uring_probe*>(space);
  if (const int error = register_with(fd_, IORING_REGISTER_PROBE, known, kOps); error != 0) return {Stage::probe, error == EINVAL ? ENOSYS : error};
  for (const uint8_t op : kNeeded) {
    if (op > known->last_op || (known->ops[op].flags & IO_URING_OP_SUPPORTED) == 0) return {Stage::probe, ENOSYS};
  }
  // Containers may allow setup and deny enter.
  io_uring_sqe* nop = next();
  nop->opcode = IORING_OP_NOP;
  for (bool answered = false; !answered;) {
    const int result = enter(1);
    if (result < 0 && result != -EINTR) return {Stage::enter, -result};
    reap([&](uint64_t, int32_t) { answered = true; });
  }
  return {};
}

io_uring_sqe* Ring::next() {
  const unsigned head = __atomic_load_n(sq_head_, __ATOMIC_ACQUIRE);
  const unsigned tail = *sq_tail_ + prepared_;
  if (tail - head >= sq_entries_) return nullptr;
  prepared_++;
  io_uring_sqe* sqe = &sqes_[tail & sq_mask_];
  std::memset(sqe, 0, sizeof *sqe);
  return sqe;
}

int Ring::enter(unsigned wait) {
  __atomic_store_n(sq_tail_, *sq_tail_ + prepared_, __ATOMIC_RELEASE);
  prepared_ = 0;
  const unsigned submit = *sq_tail_ - __atomic_load_n(sq_head_, __ATOMIC_ACQUIRE);
  return syscall(__NR_io_uring_enter, fd_, submit, wait, IORING_ENTER_GETEVENTS, nullptr, 0) < 0 ? -errno : 0;
}

int Ring::reserve_buffers(unsigned count) {
  io_uring_rsrc_register reserve{};
  reserve.nr = count;
  reserve.flags = IORING_RSRC_REGISTER_SPARSE;
  return register_with(fd_, IORING_REGISTER_BUFFERS2, &reserve, sizeof reserve);
}

int Ring::update_buffer(unsigned index, void* at, size_t length) {
  iovec memory{at, length};
  io_uring_rsrc_update2 update{};
  update.offset = index;
  update.data = reinterpret_cast<uint64_t>(&memory);
  update.nr = 1;
  // Gives how many it updated, which register_with reads as success.
  return register_with(fd_, IORING_REGISTER_BUFFERS_UPDATE, &update, sizeof update);
}

}  // namespace sluice
