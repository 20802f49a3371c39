#include "engine.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace sluice {
namespace {

/** Registered for every context. */
constexpr unsigned kPortable = 1;

}  // namespace

Staging::~Staging() {
  if (data_ == nullptr) return;
  driver_.unpin(data_);
  munmap(data_, kBytes);
}

std::byte* Staging::data(Failure* failure) {
  if (data_ != nullptr) return data_;
  void* mapped = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  if (mapped == MAP_FAILED) {
    failure->error = errno;
    return nullptr;
  }
  madvise(mapped, kBytes, MADV_DONTFORK);
  failure->driver = driver_.pin(mapped, kBytes, kPortable);
  if (failure->driver != 0) {
    munmap(mapped, kBytes);
    return nullptr;
  }
  data_ = static_cast<std::byte*>(mapped);
  return data_;
}

std::unique_ptr<Engine> Engine::start(const FileLibrary& files, const DeviceDriver& driver, Context context, std::function<void()> notify) {
  std::unique_ptr<Engine> engine(new Engine(files, driver, context, std::move(notify)));
  // The threads must not take signals that are meant for the process.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  for (unsigned i = 0; i < kThreads; i++) {
    pthread_t thread{};
    if (pthread_create(&thread, nullptr, main, engine.get()) != 0) break;
    engine->threads_.push_back(thread);
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return engine->threads_.empty() ? nullptr : std::move(engine);
}

Engine::~Engine() { stop(); }

void Engine::submit(std::vector<std::unique_ptr<Transfer>> transfers) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    for (auto& transfer : transfers) transfers_.push_back(std::move(transfer));
    submissions_++;
  }
  changed_.notify_all();
}

void Engine::cancel(uint32_t group) {
  bool tell = false;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    std::vector<Transfer*> of_group;
    for (const auto& transfer : transfers_) {
      if (transfer->group == group && !transfer->all_cut) of_group.push_back(transfer.get());
    }
    for (Transfer* transfer : of_group) {
      Failure cancelled;
      cancelled.error = ECANCELED;
      transfer->fail(cancelled, transfer->next);
      tell = settle(transfer) || tell;
    }
  }
  if (tell) notify_();
}

std::vector<Completion> Engine::take() {
  std::vector<Completion> taken;
  std::lock_guard<std::mutex> lock(mutex_);
  notified_ = false;
  taken.swap(outbox_);
  return taken;
}

void Engine::stop() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (const pthread_t thread : threads_) pthread_join(thread, nullptr);
  threads_.clear();
}

void* Engine::main(void* self) {
  Engine& engine = *static_cast<Engine*>(self);
  prctl(PR_SET_NAME, "sluice-gds");
  engine.run();
  return nullptr;
}

void Engine::run() {
  // Where this fails every copy does, and says why.
  const int pushed = driver_.push(context_);
  {
    Staging staging(driver_);
    Transfer* transfer = nullptr;
    Chunk chunk;
    while (next(&transfer, &chunk)) {
      Failure failure;
      uint64_t reached = chunk.from;
      uint64_t edges = 0;
      move(*transfer, chunk, staging, &failure, &reached, &edges);
      moved(transfer, chunk, failure, reached, edges);
    }
  }
  Context popped = nullptr;
  if (pushed == 0) driver_.pop(&popped);
}

/** Waits for a chunk to move; false when there will be none. */
bool Engine::next(Transfer** transfer, Chunk* chunk) {
  std::unique_lock<std::mutex> lock(mutex_);
  for (;;) {
    if (stopping_) return false;
    for (const auto& each : transfers_) {
      if (!each->cut(chunk)) continue;
      each->in_flight++;
      *transfer = each.get();
      return true;
    }
    const uint64_t known = submissions_;
    changed_.wait(lock, [&] { return stopping_ || submissions_ != known; });
  }
}

void Engine::move(const Transfer& transfer, Chunk chunk, Staging& staging, Failure* failure, uint64_t* reached, uint64_t* edges) {
  if (transfer.kind == Kind::sync) {
    while (fdatasync(transfer.file->buffered()) != 0) {
      if (errno == EINTR) continue;
      failure->error = errno;
      return;
    }
    return;
  }
  if (chunk.whole) {
    *failure = move_whole(transfer, chunk, reached);
    if (*failure) return;
    // What the library left undone is at the end of the file, or nearly: the page cache has the exact answer.
    chunk.from = *reached;
  }
  *failure = move_edge(transfer, chunk, staging, reached);
  *edges = *reached - chunk.from;
}

Failure Engine::move_whole(const Transfer& transfer, const Chunk& chunk, uint64_t* reached) {
  for (*reached = chunk.from; *reached < chunk.to;) {
    const size_t size = chunk.to - *reached;
    const auto file_offset = static_cast<off_t>(transfer.offset + *reached);
    const auto buffer_offset = static_cast<off_t>(transfer.at + *reached);
    void* base = reinterpret_cast<void*>(transfer.base);
    const ssize_t done = transfer.kind == Kind::read ? files_.read(transfer.file->handle(), base, size, file_offset, buffer_offset)
                                                     : files_.write(transfer.file->handle(), base, size, file_offset, buffer_offset);
    Failure failure;
    if (done == -1) {
      if (errno == EINTR || errno == EAGAIN) continue;
      failure.error = errno;
      return failure;
    }
    if (done < 0) {
      failure.result.error = static_cast<int>(-done);
      return failure;
    }
    *reached += static_cast<uint64_t>(done);
    // A block in part ends it: nothing but whole blocks is asked of the library.
    if (done == 0 || static_cast<uint64_t>(done) % Transfer::kBlock != 0) break;
  }
  return {};
}

Failure Engine::move_edge(const Transfer& transfer, const Chunk& chunk, Staging& staging, uint64_t* reached) {
  *reached = chunk.from;
  if (chunk.from == chunk.to) return {};
  Failure failure;
  std::byte* data = staging.data(&failure);
  if (data == nullptr) return failure;
  const int fd = transfer.file->buffered();
  while (*reached < chunk.to) {
    const size_t size = std::min<uint64_t>(chunk.to - *reached, Staging::kBytes);
    const auto offset = static_cast<off_t>(transfer.offset + *reached);
    const uint64_t device = transfer.base + transfer.at + *reached;
    if (transfer.kind == Kind::write) {
      failure.driver = driver_.to_host(data, device, size);
      if (failure) return failure;
    }
    const ssize_t done = transfer.kind == Kind::read ? pread(fd, data, size, offset) : pwrite(fd, data, size, offset);
    if (done < 0) {
      if (errno == EINTR || errno == EAGAIN) continue;
      failure.error = errno;
      return failure;
    }
    if (done == 0) {
      failure.error = transfer.kind == Kind::read ? kEndOfFile : EIO;
      return failure;
    }
    if (transfer.kind == Kind::read) {
      failure.driver = driver_.to_device(device, data, static_cast<size_t>(done));
      if (failure) return failure;
    }
    *reached += static_cast<uint64_t>(done);
  }
  return failure;
}

void Engine::moved(Transfer* transfer, const Chunk& chunk, const Failure& failure, uint64_t reached, uint64_t edges) {
  bool tell = false;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    transfer->in_flight--;
    transfer->edges += edges;
    transfer->whole += reached - chunk.from - edges;
    if (failure) transfer->fail(failure, reached);
    else if (transfer->next == transfer->length) transfer->all_cut = true;
    tell = settle(transfer);
  }
  if (tell) notify_();
}

bool Engine::settle(Transfer* transfer) {
  if (!transfer->all_cut || transfer->in_flight > 0) return false;
  outbox_.push_back(transfer->finish());
  const auto found = std::find_if(transfers_.begin(), transfers_.end(), [&](const auto& each) { return each.get() == transfer; });
  transfers_.erase(found);
  return !std::exchange(notified_, true);
}

}  // namespace sluice
