// One native thread that owns one ring. Everything here may be called from one other thread.
#pragma once

#include <pthread.h>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "condition.h"
#include "ring.h"
#include "transfer.h"
#include "turns.h"

namespace sluice {

struct Counters {
  /** Calls into the kernel, requests, and requests on registered memory. */
  std::atomic<uint64_t> enters{0};
  std::atomic<uint64_t> requests{0};
  std::atomic<uint64_t> registered{0};
};

class Engine {
 public:
  /**
   * Starts the thread and its ring; null, with `error` set, if that fails. `notify` is called on the thread when
   * completions wait to be taken, once until `take` has been called.
   */
  static std::unique_ptr<Engine> start(std::function<void()> notify, RingError* error);
  /** Cancels, drains and ends the thread. */
  ~Engine();

  void submit(std::vector<std::unique_ptr<Transfer>> transfers);
  /** Transfers of the group that have not begun do not; those that have are cancelled as far as the kernel can. */
  void cancel(uint32_t group);
  /** The completions that have come in since the last call. */
  std::vector<Completion> take();

  /**
   * Registers the slab's memory: transfers to it then skip the pinning of pages. Waits for the thread.
   * Gives 0 or an errno; ENOMEM means RLIMIT_MEMLOCK.
   */
  int register_slab(const std::shared_ptr<Slab>& slab);
  void unregister_slab(const std::shared_ptr<Slab>& slab);

  /** Cancels everything, waits until the kernel is done with all memory, and ends the thread. Completions stay to be taken. */
  void stop();

  /** The errno that made the ring unusable, or 0. Memory that was in flight then is never given back. */
  int broken() const { return broken_.load(); }
  unsigned setup_flags() const { return setup_flags_; }
  const Counters& counters() const { return counters_; }

 private:
  struct Slot {
    Transfer* transfer = nullptr;
    Chunk chunk;
    uint32_t generation = 0;
    /** Times in a row that the kernel said "again". */
    uint32_t tries = 0;
    bool cancelled = false;
  };
  struct Inbox {
    std::vector<std::unique_ptr<Transfer>> transfers;
    std::vector<uint32_t> cancels;
    std::vector<std::function<void()>> calls;
    bool stop = false;
  };

  explicit Engine(std::function<void()> notify) : notify_(std::move(notify)) {}
  static void* main(void* self);
  RingError begin();
  void wake();
  void call_and_wait(std::function<void()> call);

  // on the thread; in engine_loop.cc
  void run();
  void answer_latecomers();
  void receive();
  void start_chunks();
  bool prepare(uint32_t index);
  void arm_wake();
  void cancel_matching(bool all, uint32_t group);
  void completed(uint64_t user_data, int32_t result);
  void account(Slot& slot, uint32_t bytes);
  void release(uint32_t index);
  bool advance(Slot& slot, int32_t result);
  void settle(Transfer* transfer);
  void deliver();
  void break_with(int error);
  int update_buffers(Slab& slab, bool in);

  std::function<void()> notify_;
  pthread_t thread_{};
  bool joined_ = false;
  int wake_fd_ = -1;

  std::mutex mutex_;
  /** What the mutex guards has changed. */
  Condition changed_;
  bool begun_ = false;
  RingError begin_error_;
  Inbox inbox_;
  std::vector<Completion> outbox_;
  bool notified_ = false;
  bool finished_ = false;

  std::atomic<int> broken_{0};
  unsigned setup_flags_ = 0;
  Counters counters_;

  // the thread's own
  Ring ring_;
  uint64_t wake_count_ = 0;
  bool wake_armed_ = false;
  bool stopping_ = false;
  std::vector<Slot> slots_;
  std::vector<uint32_t> free_slots_;
  std::vector<uint32_t> retries_;
  std::vector<uint32_t> cancels_;
  uint64_t bytes_in_flight_ = 0;
  std::unordered_map<Transfer*, std::unique_ptr<Transfer>> transfers_;
  Turns turns_;
  std::vector<Completion> done_;
  bool buffers_reserved_ = false;
  int buffers_error_ = 0;
  std::vector<bool> buffers_;
};

}  // namespace sluice
