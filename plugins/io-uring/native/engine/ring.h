// One io_uring over raw system calls: no liburing, nothing to install.
#pragma once

#include <linux/io_uring.h>

#include <cstddef>
#include <cstdint>

// Flags that are younger than the oldest headers we build with; the kernel says EINVAL where it lacks one.
#ifndef IORING_SETUP_SINGLE_ISSUER
#define IORING_SETUP_SINGLE_ISSUER (1U << 12)
#endif
#ifndef IORING_SETUP_DEFER_TASKRUN
#define IORING_SETUP_DEFER_TASKRUN (1U << 13)
#endif
#ifndef IORING_RSRC_REGISTER_SPARSE
#define IORING_RSRC_REGISTER_SPARSE (1U << 0)
#endif

namespace sluice {

/** The call at which a ring could not be made to work. */
enum class Stage { none, setup, map, probe, enter, wake, thread };

struct RingError {
  Stage stage = Stage::none;
  /** An errno; ENOSYS from `probe` also means that the kernel lacks an operation that the engine needs. */
  int error = 0;
  explicit operator bool() const { return stage != Stage::none; }
};

/** A submission and a completion queue. Everything but the constructor belongs to the thread that called `open`. */
class Ring {
 public:
  Ring() = default;
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;
  ~Ring();

  /** Sets up `entries` submissions, and checks by a round trip that the ring works and has the operations we use. */
  RingError open(unsigned entries);
  void close();

  unsigned entries() const { return sq_entries_; }
  unsigned setup_flags() const { return flags_; }

  /** A cleared entry, or null if the submission queue is full. It goes down with the next `enter`. */
  io_uring_sqe* next();
  /**
   * Submits what was prepared and waits for `wait` completions.
   * Gives 0, or a negative errno: EINTR, EAGAIN and EBUSY mean "look and go on", any other that the ring is lost.
   */
  int enter(unsigned wait);
  /** Calls `each(user_data, result)` for every completion that has arrived. */
  template <class Each>
  unsigned reap(Each&& each) {
    unsigned head = *cq_head_;
    const unsigned tail = __atomic_load_n(cq_tail_, __ATOMIC_ACQUIRE);
    unsigned count = 0;
    for (; head != tail; head++, count++) {
      const io_uring_cqe& cqe = cqes_[head & cq_mask_];
      const uint64_t user_data = cqe.user_data;
      const int32_t result = cqe.res;
      // Published one by one: `each` may prepare entries that need the room.
      __atomic_store_n(cq_head_, head + 1, __ATOMIC_RELEASE);
      each(user_data, result);
    }
    return count;
  }

  /** Makes room for `count` registered buffers. Gives 0 or an errno (EINVAL: the kernel is older than 5.19). */
  int reserve_buffers(unsigned count);
  /** Registers [at, at + length) as buffer `index`; length 0 takes it out. Gives 0 or an errno. */
  int update_buffer(unsigned index, void* at, size_t length);

 private:
  int map(const io_uring_params& params);
  RingError check();

  int fd_ = -1;
  unsigned flags_ = 0;
  unsigned sq_entries_ = 0;
  void* rings_ = nullptr;
  size_t rings_size_ = 0;
  io_uring_sqe* sqes_ = nullptr;
  size_t sqes_size_ = 0;
  io_uring_cqe* cqes_ = nullptr;
  unsigned* sq_head_ = nullptr;
  unsigned* sq_tail_ = nullptr;
  unsigned* cq_head_ = nullptr;
  unsigned* cq_tail_ = nullptr;
  unsigned sq_mask_ = 0;
  unsigned cq_mask_ = 0;
  unsigned prepared_ = 0;
};

}  // namespace sluice
