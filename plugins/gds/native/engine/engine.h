// Native threads that call the library: each call of it takes as long as its bytes. Everything public may be called from one
// other thread.
#pragma once

#include <pthread.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "condition.h"
#include "transfer.h"

namespace sluice {

/** Pinned memory of one thread, for the edges. */
class Staging {
 public:
  static constexpr size_t kBytes = 256 << 10;

  explicit Staging(const DeviceDriver& driver) : driver_(driver) {}
  ~Staging();
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;
  /** Null, with `failure` set, where there is none to be had. */
  std::byte* data(Failure* failure);

 private:
  const DeviceDriver& driver_;
  std::byte* data_ = nullptr;
};

class Engine {
 public:
  static constexpr unsigned kThreads = 8;

  /** Starts the threads; null if none starts. `notify` is called on one of them when completions wait to be taken. */
  static std::unique_ptr<Engine> start(const FileLibrary& files, const DeviceDriver& driver, Context context, std::function<void()> notify);
  /** Waits for the calls that are under way, and ends the threads. */
  ~Engine();

  void submit(std::vector<std::unique_ptr<Transfer>> transfers);
  /** No further call is made for the group's transfers. */
  void cancel(uint32_t group);
  std::vector<Completion> take();
  void stop();

 private:
  Engine(const FileLibrary& files, const DeviceDriver& driver, Context context, std::function<void()> notify)
      : files_(files), driver_(driver), context_(context), notify_(std::move(notify)) {}
  static void* main(void* self);

  // on the threads
  void run();
  bool next(Transfer** transfer, Chunk* chunk);
  void move(const Transfer& transfer, Chunk chunk, Staging& staging, Failure* failure, uint64_t* reached, uint64_t* edges);
  Failure move_whole(const Transfer& transfer, const Chunk& chunk, uint64_t* reached);
  Failure move_edge(const Transfer& transfer, const Chunk& chunk, Staging& staging, uint64_t* reached);
  void moved(Transfer* transfer, const Chunk& chunk, const Failure& failure, uint64_t reached, uint64_t edges);
  /** With the mutex held: takes a transfer out that nothing will be done for any more. True if somebody has to be told. */
  bool settle(Transfer* transfer);

  const FileLibrary& files_;
  const DeviceDriver& driver_;
  Context context_;
  std::function<void()> notify_;
  std::vector<pthread_t> threads_;

  std::mutex mutex_;
  /** What the mutex guards has changed. */
  Condition changed_;
  /** In the order in which they came; those that are all cut wait for their calls to end. */
  std::deque<std::unique_ptr<Transfer>> transfers_;
  uint64_t submissions_ = 0;
  std::vector<Completion> outbox_;
  bool notified_ = false;
  bool stopping_ = false;
};

}  // namespace sluice
