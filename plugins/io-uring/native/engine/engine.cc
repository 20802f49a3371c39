#include "engine.h"

#include <signal.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>

namespace sluice {
namespace {

/** Entries of the submission queue; in flight is never more. */
constexpr unsigned kEntries = 256;

}  // namespace

std::unique_ptr<Engine> Engine::start(std::function<void()> notify, RingError* error) {
  std::unique_ptr<Engine> engine(new Engine(std::move(notify)));
  engine->joined_ = true;
  engine->wake_fd_ = eventfd(0, EFD_CLOEXEC);
  if (engine->wake_fd_ < 0) {
    *error = {Stage::wake, errno};
    return nullptr;
  }
  // The thread must not take signals that are meant for the process.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const int failed = pthread_create(&engine->thread_, nullptr, main, engine.get());
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (failed != 0) {
    *error = {Stage::thread, failed};
    return nullptr;
  }
  engine->joined_ = false;
  std::unique_lock<std::mutex> lock(engine->mutex_);
  engine->changed_.wait(lock, [&] { return engine->begun_; });
  *error = engine->begin_error_;
  lock.unlock();
  return *error ? nullptr : std::move(engine);
}

Engine::~Engine() {
  stop();
  if (wake_fd_ >= 0) close(wake_fd_);
}

void Engine::submit(std::vector<std::unique_ptr<Transfer>> transfers) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    for (auto& transfer : transfers) inbox_.transfers.push_back(std::move(transfer));
  }
  wake();
}

void Engine::cancel(uint32_t group) {
  // Nothing is left to cancel of a lost ring, and nobody to take it in.
  if (broken_ != 0) return;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    inbox_.cancels.push_back(group);
  }
  wake();
}

std::vector<Completion> Engine::take() {
  std::vector<Completion> taken;
  std::lock_guard<std::mutex> lock(mutex_);
  notified_ = false;
  taken.swap(outbox_);
  return taken;
}

int Engine::register_slab(const std::shared_ptr<Slab>& slab) {
  int error = EBADF;
  call_and_wait([&] { error = update_buffers(*slab, true); });
  return error;
}

void Engine::unregister_slab(const std::shared_ptr<Slab>& slab) {
  call_and_wait([&] { update_buffers(*slab, false); });
}

void Engine::stop() {
  if (joined_) return;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    inbox_.stop = true;
  }
  wake();
  pthread_join(thread_, nullptr);
  joined_ = true;
  close(wake_fd_);
  wake_fd_ = -1;
}

void Engine::wake() {
  changed_.notify_all();
  const uint64_t one = 1;
  while (write(wake_fd_, &one, sizeof one) < 0 && errno == EINTR) {
  }
}

void Engine::call_and_wait(std::function<void()> call) {
  std::unique_lock<std::mutex> lock(mutex_);
  if (finished_) return;
  bool done = false;
  inbox_.calls.push_back([&] {
    call();
    std::lock_guard<std::mutex> inner(mutex_);
    done = true;
    changed_.notify_all();
  });
  lock.unlock();
  wake();
  lock.lock();
  changed_.wait(lock, [&] { return done; });
}

void* Engine::main(void* self) {
  Engine& engine = *static_cast<Engine*>(self);
  prctl(PR_SET_NAME, "sluice-io");
  const RingError error = engine.begin();
  {
    std::lock_guard<std::mutex> lock(engine.mutex_);
    engine.begun_ = true;
    engine.begin_error_ = error;
    engine.setup_flags_ = engine.ring_.setup_flags();
    engine.changed_.notify_all();
  }
  if (!error) engine.run();
  return nullptr;
}

RingError Engine::begin() {
  if (const RingError error = ring_.open(kEntries)) return error;
  // One entry is for waking up, so that a request always finds room beside it.
  slots_.resize(ring_.entries() - 1);
  turns_ = Turns(slots_.size());
  for (uint32_t i = static_cast<uint32_t>(slots_.size()); i-- > 0;) free_slots_.push_back(i);
  return {};
}

}  // namespace sluice
