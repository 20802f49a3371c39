// The engine without Node and without a device: built with sanitizers, run with a file that it is given. Its library and driver are
// tables of functions on plain memory. Prints "ok NAME" or "FAIL NAME: what" for each case; exits 1 if one failed.
#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>

#include "../engine/engine.h"

using namespace sluice;

namespace {

int failures = 0;
const char* current = "";
#define CHECK(condition)                                                                 \
  do {                                                                                   \
    if (!(condition)) {                                                                  \
      std::printf("FAIL %s: %s:%d %s\n", current, __FILE__, __LINE__, #condition);       \
      failures++;                                                                        \
      return;                                                                            \
    }                                                                                    \
  } while (0)

// What the library does at its next calls.
std::atomic<size_t> most{SIZE_MAX};
std::atomic<int> fails_at{-1};
std::atomic<int> fails_with{0};
std::atomic<bool> held{false};
std::atomic<unsigned> holding{0};
std::atomic<int> open_files{0};

ssize_t move(FileHandle handle, char* base, size_t size, off_t offset, off_t at, bool in) {
  if (size % 4096 != 0 || offset % 4096 != 0) return -5022;
  if (held.load()) {
    holding++;
    while (held.load()) usleep(100);
  }
  if (fails_at.load() >= 0 && offset <= fails_at.load() && fails_at.load() < offset + static_cast<off_t>(size)) {
    const int with = fails_with.load();
    if (with >= 5000) return -with;
    errno = with;
    return -1;
  }
  size = std::min(size, most.load());
  const int fd = static_cast<int>(reinterpret_cast<intptr_t>(handle)) - 1;
  return in ? pread(fd, base + at, size, offset) : pwrite(fd, base + at, size, offset);
}

const FileLibrary kFiles = {
    [] { return FileResult{}; },
    [](DriverProperties*) { return FileResult{}; },
    [](FileHandle* handle, FileDescription* description) {
      open_files++;
      *handle = reinterpret_cast<FileHandle>(static_cast<intptr_t>(description->file.descriptor) + 1);
      return FileResult{};
    },
    [](FileHandle) { open_files--; },
    [](const void*, size_t, int) { return FileResult{}; },
    [](const void*) { return FileResult{}; },
    [](FileHandle handle, void* base, size_t size, off_t offset, off_t at) { return move(handle, static_cast<char*>(base), size, offset, at, true); },
    [](FileHandle handle, const void* base, size_t size, off_t offset, off_t at) { return move(handle, const_cast<char*>(static_cast<const char*>(base)), size, offset, at, false); },
    nullptr,
};
const DeviceDriver kDriver = {
    [](Context) { return 0; },
    [](Context*) { return 0; },
    [](void*, size_t, unsigned) { return 0; },
    [](void*) { return 0; },
    [](uint64_t to, const void* from, size_t bytes) { return std::memcpy(reinterpret_cast<void*>(to), from, bytes), 0; },
    [](void* to, uint64_t from, size_t bytes) { return std::memcpy(to, reinterpret_cast<const void*>(from), bytes), 0; },
};

/** An engine, and its completions. */
struct Bench {
  std::mutex mutex;
  Condition more;
  bool ready = false;
  std::unique_ptr<Engine> engine = Engine::start(kFiles, kDriver, nullptr, [this] {
    std::lock_guard<std::mutex> lock(mutex);
    ready = true;
    more.notify_all();
  });

  std::vector<Completion> collect(size_t count) {
    std::vector<Completion> all;
    while (all.size() < count) {
      {
        std::unique_lock<std::mutex> lock(mutex);
        more.wait(lock, [&] { return ready; });
        ready = false;
      }
      for (const Completion& each : engine->take()) all.push_back(each);
    }
    return all;
  }
};

std::string path;

std::shared_ptr<File> open_file(const std::vector<char>& content) {
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (pwrite(fd, content.data(), content.size(), 0) != static_cast<ssize_t>(content.size())) std::abort();
  auto file = std::make_shared<File>(kFiles, fd, dup(fd), true, true);
  if (file->register_with_library()) std::abort();
  return file;
}

std::unique_ptr<Transfer> transfer(uint64_t token, Kind kind, const std::shared_ptr<File>& file, void* memory, uint64_t at, uint64_t offset, uint64_t length) {
  auto made = std::make_unique<Transfer>();
  made->token = token;
  made->kind = kind;
  made->file = file;
  made->base = reinterpret_cast<uint64_t>(memory);
  made->at = at;
  made->offset = offset;
  made->length = length;
  return made;
}

std::vector<char> pattern(size_t size, unsigned seed) {
  std::vector<char> bytes(size);
  for (size_t i = 0; i < size; i++) bytes[i] = static_cast<char>((i * 2654435761U + seed) >> 13);
  return bytes;
}

void random_transfers() {
  Bench bench;
  std::mt19937 random(7);
  most = 100 * 4096;
  std::vector<char> model = pattern(9 << 20, 1);
  const std::shared_ptr<File> file = open_file(model);
  for (int round = 0; round < 16; round++) {
    const bool reads = round % 2 == 0;
    std::vector<std::vector<char>> memories;
    std::vector<std::unique_ptr<Transfer>> batch;
    uint64_t next = 0;
    struct Place {
      uint64_t at, offset, length;
    };
    std::vector<Place> places;
    for (uint64_t token = 0; token < 12; token++) {
      const uint64_t length = random() % (1U << (random() % 22));
      const uint64_t at = random() % 5000;
      const uint64_t offset = reads ? random() % (model.size() - length) : next + random() % 3;
      if (offset + length > model.size()) break;
      next = offset + length;
      memories.push_back(pattern(at + length, static_cast<unsigned>(round * 100) + static_cast<unsigned>(token)));
      places.push_back({at, offset, length});
      batch.push_back(transfer(token, reads ? Kind::read : Kind::write, file, memories.back().data(), at, offset, length));
    }
    const size_t count = batch.size();
    bench.engine->submit(std::move(batch));
    for (const Completion& each : bench.collect(count)) {
      const Place& place = places[each.token];
      CHECK(!each.failure && each.transferred == place.length && each.whole + each.edges == place.length);
      const char* bytes = memories[each.token].data() + place.at;
      if (reads) CHECK(std::memcmp(bytes, model.data() + place.offset, place.length) == 0);
      else std::memcpy(model.data() + place.offset, bytes, place.length);
    }
  }
  std::vector<char> found(model.size());
  CHECK(pread(file->buffered(), found.data(), found.size(), 0) == static_cast<ssize_t>(found.size()) && found == model);
}

void ends_and_errors() {
  Bench bench;
  most = SIZE_MAX;
  const std::shared_ptr<File> file = open_file(pattern(20'000, 1));
  std::vector<char> memory(8 << 20);
  const auto run = [&](Kind kind, uint64_t offset, uint64_t length) {
    std::vector<std::unique_ptr<Transfer>> batch;
    batch.push_back(transfer(1, kind, file, memory.data(), 0, offset, length));
    bench.engine->submit(std::move(batch));
    return bench.collect(1)[0];
  };
  Completion done = run(Kind::read, 100, 30'000);
  CHECK(done.failure.error == kEndOfFile && done.transferred == 19'900);
  done = run(Kind::read, 30'000, 10);
  CHECK(done.failure.error == kEndOfFile && done.transferred == 0);
  CHECK(!run(Kind::sync, 0, 0).failure && !run(Kind::read, 5, 0).failure);
  fails_at = 8192;
  fails_with = 5010;
  done = run(Kind::read, 100, 15'000);
  CHECK(done.failure.result.error == 5010 && done.transferred == 3996);
  fails_with = EIO;
  done = run(Kind::write, 4096, 8 << 20);
  CHECK(done.failure.error == EIO && done.transferred == 0);
  fails_at = -1;
}

void cancelled_and_stopped() {
  const std::shared_ptr<File> file = open_file(pattern(1, 1));
  std::vector<char> memory(64 << 20);
  if (ftruncate(file->buffered(), 256 << 20) != 0) std::abort();
  held = true;
  {
    Bench bench;
    std::vector<std::unique_ptr<Transfer>> batch;
    for (uint64_t token = 0; token < 4; token++) {
      batch.push_back(transfer(token, Kind::read, file, memory.data(), token * (16 << 20), token * (64 << 20) + 1, 16 << 20));
      batch.back()->group = token < 3 ? 1 : 2;
    }
    bench.engine->submit(std::move(batch));
    // Calls for the first two are under way, and nothing has begun for the others.
    while (holding.load() < Engine::kThreads) usleep(100);
    bench.engine->cancel(1);
    bench.engine->cancel(1);
    held = false;
    for (const Completion& each : bench.collect(4)) {
      if (each.token == 2) CHECK(each.failure.error == ECANCELED && each.transferred == 0);
      else CHECK(!each.failure || (each.token < 2 && each.failure.error == ECANCELED));
    }
    // What is under way when the engine goes ends first.
    std::vector<std::unique_ptr<Transfer>> more;
    more.push_back(transfer(9, Kind::read, file, memory.data(), 0, 0, 64 << 20));
    bench.engine->submit(std::move(more));
    usleep(500);
  }
}

void run(const char* name, void (*test)()) {
  current = name;
  const int before = failures;
  test();
  if (open_files.load() != 0) {
    std::printf("FAIL %s: %d files are left\n", name, open_files.load());
    failures++;
  } else if (failures == before) std::printf("ok %s\n", name);
}

}  // namespace

int main(int, char** given) {
  path = given[1];
  run("random transfers", random_transfers);
  run("ends and errors", ends_and_errors);
  run("cancelled and stopped", cancelled_and_stopped);
  return failures == 0 ? 0 : 1;
}
