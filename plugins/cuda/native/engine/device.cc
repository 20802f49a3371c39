#include "device.h"

#include <signal.h>
#include <sys/prctl.h>

#include <utility>

namespace sluice {

std::unique_ptr<Device> Device::open(const Driver& driver, int ordinal, std::function<void()> notify, PinError* error) {
  std::unique_ptr<Device> device(new Device(driver, std::move(notify)));
  error->result = driver.device_get(&device->device_, ordinal);
  if (error->result != kCudaSuccess) return nullptr;
  CudaContext context = nullptr;
  error->result = driver.context_retain(&context, device->device_);
  if (error->result != kCudaSuccess) return nullptr;
  device->context_ = context;
  // The thread must not take signals that are meant for the process.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  error->error = pthread_create(&device->thread_, nullptr, main, device.get());
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (error->error != 0) return nullptr;
  device->joined_ = false;
  std::unique_lock<std::mutex> lock(device->mutex_);
  device->changed_.wait(lock, [&] { return device->begun_; });
  error->result = device->begin_result_;
  lock.unlock();
  return *error ? nullptr : std::move(device);
}

Device::~Device() {
  stop();
  if (context_ == nullptr) return;
  {
    const Current current(driver_, context_);
    for (auto& [id, block] : blocks_) {
      if (block.pinned != nullptr) block.pinned->end(driver_);
      else driver_.free(block.address);
    }
  }
  driver_.context_release(device_);
}

CudaResult Device::noted(CudaResult result) {
  CudaResult none = kCudaSuccess;
  if (is_sticky(result)) broken_.compare_exchange_strong(none, result);
  return result;
}

uint32_t Device::keep(Block block) {
  const uint32_t id = next_id_++;
  blocks_.emplace(id, std::move(block));
  return id;
}

CudaResult Device::allocate(size_t bytes, uint32_t* id) {
  if (const CudaResult lost = broken(); lost != kCudaSuccess) return lost;
  const Current current(driver_, context_);
  if (current.result() != kCudaSuccess) return noted(current.result());
  Block block;
  block.size = bytes;
  const CudaResult result = driver_.allocate(&block.address, bytes);
  if (result == kCudaSuccess) *id = keep(std::move(block));
  return noted(result);
}

PinError Device::pin(size_t bytes, uint32_t* id) {
  if (const CudaResult lost = broken(); lost != kCudaSuccess) return {0, lost};
  const Current current(driver_, context_);
  if (current.result() != kCudaSuccess) return {0, noted(current.result())};
  auto pinned = std::make_unique<Pinned>();
  const PinError error = pinned->make(driver_, bytes);
  noted(error.result);
  if (error) return error;
  Block block;
  block.address = pinned->address();
  block.size = pinned->size();
  block.pinned = std::move(pinned);
  *id = keep(std::move(block));
  return {};
}

PinError Device::map(int fd, uint64_t offset, size_t bytes, std::unique_ptr<Pinned>* map) {
  if (const CudaResult lost = broken(); lost != kCudaSuccess) return {0, lost};
  const Current current(driver_, context_);
  if (current.result() != kCudaSuccess) return {0, noted(current.result())};
  auto pinned = std::make_unique<Pinned>();
  const PinError error = pinned->map(driver_, fd, offset, bytes);
  noted(error.result);
  if (!error) *map = std::move(pinned);
  return error;
}

uint32_t Device::keep(std::unique_ptr<Pinned> map, size_t bytes) {
  Block block;
  block.address = map->address();
  block.size = bytes;
  block.pinned = std::move(map);
  return keep(std::move(block));
}

CudaResult Device::release(uint32_t id) {
  const auto found = blocks_.find(id);
  if (found == blocks_.end()) return kCudaSuccess;
  const Current current(driver_, context_);
  CudaResult result = kCudaSuccess;
  if (found->second.pinned != nullptr) found->second.pinned->end(driver_);
  else result = driver_.free(found->second.address);
  blocks_.erase(found);
  return noted(result);
}

const Block* Device::block(uint32_t id) const {
  const auto found = blocks_.find(id);
  return found == blocks_.end() ? nullptr : &found->second;
}

CudaResult Device::memory(size_t* available, size_t* total) {
  const Current current(driver_, context_);
  if (current.result() != kCudaSuccess) return noted(current.result());
  return noted(driver_.memory_info(available, total));
}

void Device::submit(const Job& job) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    inbox_.push_back(job);
  }
  changed_.notify_all();
}

std::vector<Completion> Device::take() {
  std::vector<Completion> taken;
  std::lock_guard<std::mutex> lock(mutex_);
  notified_ = false;
  taken.swap(outbox_);
  return taken;
}

void Device::stop() {
  if (joined_) return;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  pthread_join(thread_, nullptr);
  joined_ = true;
}

void* Device::main(void* self) {
  Device& device = *static_cast<Device*>(self);
  prctl(PR_SET_NAME, "sluice-cuda");
  const Current current(device.driver_, device.context_);
  const CudaResult result = current.result() == kCudaSuccess ? device.begin() : current.result();
  {
    std::lock_guard<std::mutex> lock(device.mutex_);
    device.begun_ = true;
    device.begin_result_ = result;
  }
  device.changed_.notify_all();
  if (result == kCudaSuccess) device.run();
  device.end();
  return nullptr;
}

CudaResult Device::begin() {
  for (CudaStream& stream : streams_) {
    const CudaResult result = driver_.stream_create(&stream, kCudaStreamNonBlocking);
    if (result != kCudaSuccess) return noted(result);
  }
  return kCudaSuccess;
}

void Device::run() {
  for (;;) {
    std::vector<Job> jobs;
    {
      std::unique_lock<std::mutex> lock(mutex_);
      changed_.wait(lock, [&] { return stopping_ || !inbox_.empty() || !started_.empty(); });
      jobs.swap(inbox_);
      if (jobs.empty() && started_.empty()) return;
    }
    for (const Job& job : jobs) start(job);
    reap();
  }
}

/** Puts a job on its stream, with an event behind it. */
void Device::start(const Job& job) {
  CudaResult result = broken();
  CudaEvent event = nullptr;
  if (result == kCudaSuccess && events_.empty()) result = noted(driver_.event_create(&event, kCudaEventBlockingSync | kCudaEventDisableTiming));
  else if (result == kCudaSuccess) {
    event = events_.back();
    events_.pop_back();
  }
  const CudaStream stream = streams_[static_cast<size_t>(job.direction)];
  if (result == kCudaSuccess) result = noted(job.from == 0 ? driver_.fill(job.to, job.value, job.bytes, stream) : driver_.copy(job.to, job.from, job.bytes, stream));
  if (result == kCudaSuccess) result = noted(driver_.event_record(event, stream));
  if (result == kCudaSuccess) return started_.push_back({job.token, event});
  if (event != nullptr) events_.push_back(event);
  completed(job.token, result);
}

/** Waits for the oldest job, and takes along what has ended with it. */
void Device::reap() {
  bool first = true;
  for (auto each = started_.begin(); each != started_.end();) {
    CudaResult result = broken();
    if (result == kCudaSuccess) result = noted(first ? driver_.event_wait(each->event) : driver_.event_query(each->event));
    first = false;
    if (result == kCudaNotReady) {
      ++each;
      continue;
    }
    events_.push_back(each->event);
    completed(each->token, result);
    each = started_.erase(each);
  }
}

void Device::completed(uint64_t token, CudaResult result) {
  bool tell = false;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    outbox_.push_back({token, result});
    tell = !std::exchange(notified_, true);
  }
  if (tell) notify_();
}

void Device::end() {
  for (const CudaEvent event : events_) driver_.event_destroy(event);
  for (const CudaStream stream : streams_) {
    if (stream != nullptr) driver_.stream_destroy(stream);
  }
}

}  // namespace sluice
