// A condition variable on std::mutex. libstdc++'s own has moved to a symbol version that old systems lack.
#pragma once

#include <pthread.h>

#include <mutex>

namespace sluice {

class Condition {
 public:
  Condition() = default;
  ~Condition() { pthread_cond_destroy(&condition_); }
  Condition(const Condition&) = delete;
  Condition& operator=(const Condition&) = delete;

  template <class Predicate>
  void wait(std::unique_lock<std::mutex>& lock, Predicate&& holds) {
    while (!holds()) pthread_cond_wait(&condition_, lock.mutex()->native_handle());
  }
  void notify_all() { pthread_cond_broadcast(&condition_); }

 private:
  pthread_cond_t condition_ = PTHREAD_COND_INITIALIZER;
};

}  // namespace sluice
