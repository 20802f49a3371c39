// One device: its primary context, what is allocated in it, and one native thread that owns its streams. Everything here may be
// called from one other thread.
#pragma once

#include <pthread.h>

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "condition.h"
#include "driver.h"
#include "pinned.h"

namespace sluice {

/** Makes a context current on this thread, for as long as this lives: whatever else the thread does with CUDA is not disturbed. */
class Current {
 public:
  Current(const Driver& driver, CudaContext context) : driver_(driver), result_(driver.context_push(context)) {}
  ~Current() {
    CudaContext popped = nullptr;
    if (result_ == kCudaSuccess) driver_.context_pop(&popped);
  }
  Current(const Current&) = delete;
  Current& operator=(const Current&) = delete;
  CudaResult result() const { return result_; }

 private:
  const Driver& driver_;
  CudaResult result_;
};

/** Copies go to the device, and within it, on one stream, and to the host on another: the two directions run at once. */
enum class Direction : uint8_t { in, out };
constexpr size_t kDirections = 2;

/** A copy, or a fill where there is no source. */
struct Job {
  uint64_t token = 0;
  Direction direction = Direction::in;
  CudaAddress to = 0;
  CudaAddress from = 0;
  size_t bytes = 0;
  unsigned char value = 0;
};

struct Completion {
  uint64_t token = 0;
  CudaResult result = kCudaSuccess;
};

/** What is allocated, by number. */
struct Block {
  /** Device memory, or a mapping that the device reaches. */
  CudaAddress address = 0;
  size_t size = 0;
  std::unique_ptr<Pinned> pinned;
};

class Device {
 public:
  /** Retains the primary context and starts the thread; null, with `error` set, if that fails. `notify` is called on the thread. */
  static std::unique_ptr<Device> open(const Driver& driver, int ordinal, std::function<void()> notify, PinError* error);
  /** Waits for what is in flight, frees everything, releases the context. */
  ~Device();

  CudaResult allocate(size_t bytes, uint32_t* id);
  PinError pin(size_t bytes, uint32_t* id);
  /** Maps the pages of a file, on any thread: reading them in takes as long as the disk. */
  PinError map(int fd, uint64_t offset, size_t bytes, std::unique_ptr<Pinned>* map);
  /** Takes over what `map` made. */
  uint32_t keep(std::unique_ptr<Pinned> map, size_t bytes);
  /** Frees, unpins or unmaps. Nothing may use it any more. */
  CudaResult release(uint32_t id);
  const Block* block(uint32_t id) const;

  void submit(const Job& job);
  /** The completions that have come in since the last call. */
  std::vector<Completion> take();
  CudaResult memory(size_t* available, size_t* total);

  /** Waits for what is in flight and ends the thread; completions stay to be taken. */
  void stop();

  /** The sticky error after which the context is of no use, or 0. */
  CudaResult broken() const { return broken_.load(); }
  CudaContext context() const { return context_; }

 private:
  struct Started {
    uint64_t token;
    CudaEvent event;
  };

  Device(const Driver& driver, std::function<void()> notify) : driver_(driver), notify_(std::move(notify)) {}
  static void* main(void* self);
  uint32_t keep(Block block);
  /** Notes a sticky error, and gives the result. */
  CudaResult noted(CudaResult result);

  // on the thread
  CudaResult begin();
  void run();
  void start(const Job& job);
  void reap();
  void completed(uint64_t token, CudaResult result);
  void end();

  const Driver& driver_;
  std::function<void()> notify_;
  CudaOrdinal device_ = 0;
  CudaContext context_ = nullptr;
  std::atomic<CudaResult> broken_{kCudaSuccess};
  uint32_t next_id_ = 0;
  std::unordered_map<uint32_t, Block> blocks_;
  pthread_t thread_{};
  bool joined_ = true;

  std::mutex mutex_;
  /** What the mutex guards has changed. */
  Condition changed_;
  bool begun_ = false;
  CudaResult begin_result_ = kCudaSuccess;
  std::vector<Job> inbox_;
  bool stopping_ = false;
  std::vector<Completion> outbox_;
  bool notified_ = false;

  // the thread's own
  CudaStream streams_[kDirections] = {};
  std::deque<Started> started_;
  std::vector<CudaEvent> events_;
};

}  // namespace sluice
