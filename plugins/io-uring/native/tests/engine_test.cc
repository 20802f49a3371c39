// The engine without Node: built with AddressSanitizer and UndefinedBehaviorSanitizer, run in a folder that it is given.
// Prints one line for each case, "ok NAME", "skip NAME: why" or "FAIL NAME: what"; exits 1 if one failed.
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>

#include "../engine/engine.h"

using namespace sluice;

/** AddressSanitizer's; not every compiler brings its header. */
extern "C" size_t __sanitizer_get_current_allocated_bytes();

namespace {

std::string folder;
int failures = 0;
const char* current = "";

#define CHECK(condition, ...)                                   \
  do {                                                          \
    if (!(condition)) {                                         \
      std::printf("FAIL %s: %s:%d %s: ", current, __FILE__, __LINE__, #condition); \
      std::printf(__VA_ARGS__);                                 \
      std::printf("\n");                                        \
      failures++;                                               \
      return;                                                   \
    }                                                           \
  } while (0)

uint8_t byte_at(uint64_t position) { return static_cast<uint8_t>((position * 2654435761U) >> 13 ^ position >> 20); }

/** Completions by token, waited for on a condition. */
struct Inbox {
  std::mutex mutex;
  Condition more;
  bool ready = false;
  void notify() {
    std::lock_guard<std::mutex> lock(mutex);
    ready = true;
    more.notify_all();
  }
  std::vector<Completion> collect(Engine& engine, size_t count) {
    std::vector<Completion> all;
    while (all.size() < count) {
      {
        std::unique_lock<std::mutex> lock(mutex);
        more.wait(lock, [&] { return ready; });
        ready = false;
      }
      for (const Completion& each : engine.take()) all.push_back(each);
    }
    return all;
  }
};

struct Bench {
  Inbox inbox;
  std::unique_ptr<Engine> engine;
  std::shared_ptr<Slab> slab;
  explicit Bench(size_t bytes, bool registered = true) {
    RingError error;
    engine = Engine::start([this] { inbox.notify(); }, &error);
    if (!engine) {
      std::printf("skip all: io_uring fails at stage %d with %s\n", static_cast<int>(error.stage), std::strerror(error.error));
      std::exit(failures > 0 ? 1 : 0);
    }
    int failed = 0;
    slab = Slab::map(bytes, &failed);
    if (!slab) std::abort();
    if (registered) (void)engine->register_slab(slab);
  }
  Completion one(std::unique_ptr<Transfer> transfer) {
    std::vector<std::unique_ptr<Transfer>> batch;
    batch.push_back(std::move(transfer));
    engine->submit(std::move(batch));
    return inbox.collect(*engine, 1)[0];
  }
};

std::string make_file(const char* name, uint64_t size) {
  const std::string path = folder + "/" + name;
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600);
  std::vector<uint8_t> bytes(size);
  for (uint64_t i = 0; i < size; i++) bytes[i] = byte_at(i);
  for (uint64_t at = 0; at < size;) {
    const ssize_t moved = write(fd, bytes.data() + at, size - at);
    if (moved <= 0) std::abort();
    at += static_cast<uint64_t>(moved);
  }
  fsync(fd);
  posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
  close(fd);
  return path;
}

std::shared_ptr<File> open_file(const std::string& path, bool direct) {
  const int buffered = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  const int past = direct ? open(path.c_str(), O_RDWR | O_DIRECT | O_CLOEXEC) : -1;
  return std::make_shared<File>(buffered, past, true, true, alignment_of(buffered));
}

std::unique_ptr<Transfer> transfer_of(Kind kind, const std::shared_ptr<File>& file, const std::shared_ptr<Slab>& slab, uint64_t offset, uint64_t at, uint64_t length, uint32_t lead = 0, uint32_t slack = 0) {
  auto transfer = std::make_unique<Transfer>();
  transfer->kind = kind;
  transfer->file = file;
  transfer->slab = slab;
  transfer->piece = {offset, slab->data() + at, length, lead, slack};
  return transfer;
}

bool holds(const std::byte* at, uint64_t offset, uint64_t length) {
  for (uint64_t i = 0; i < length; i++) {
    if (static_cast<uint8_t>(at[i]) != byte_at(offset + i)) return false;
  }
  return true;
}

void reads_any_range() {
  Bench bench(16 << 20);
  constexpr uint64_t kSize = (5 << 20) + 777;
  const std::string path = make_file("reads", kSize);
  std::mt19937_64 random(1);
  for (const bool direct : {true, false}) {
    auto file = open_file(path, direct);
    uint64_t past = 0;
    for (int i = 0; i < 300; i++) {
      const uint64_t offset = i % 3 == 0 ? random() % (kSize / 4096) * 4096 : random() % kSize;
      const uint64_t length = std::min<uint64_t>(random() % (i % 2 == 0 ? 9000 : 4 << 20), kSize - offset);
      const uint32_t lead = i % 5 == 0 ? 4096 : 0;
      const uint64_t at = lead + (i % 7 == 0 ? random() % 5000 : offset % 4096);
      const uint32_t slack = i % 4 == 0 ? 4096 : 0;
      std::memset(bench.slab->data(), 0xee, at + length + 8192);
      auto transfer = transfer_of(Kind::read, file, bench.slab, offset, at, length, lead, slack);
      transfer->padding = slack > 0 ? 16 : 0;
      const Completion done = bench.one(std::move(transfer));
      CHECK(done.error == 0 && done.transferred == length, "error %d, %lu of %lu", done.error, done.transferred, length);
      CHECK(done.direct + done.buffered == length, "%lu direct, %lu buffered, of %lu", done.direct, done.buffered, length);
      CHECK(holds(bench.slab->data() + at, offset, length), "bytes at %lu + %lu into %lu", offset, length, at);
      if (lead == 0) CHECK(at == 0 || bench.slab->data()[at - 1] == std::byte{0xee}, "wrote before its memory");
      if (slack == 0) CHECK(bench.slab->data()[at + length] == std::byte{0xee}, "wrote behind its memory");
      for (uint32_t k = 0; slack > 0 && k < 16; k++) CHECK(bench.slab->data()[at + length + k] == std::byte{0}, "padding is not zero");
      past += done.direct;
    }
    CHECK(direct ? past > 0 : past == 0, "%lu bytes were direct", past);
  }
}

void writes_leave_the_rest_alone() {
  Bench bench(16 << 20);
  constexpr uint64_t kSize = (3 << 20) + 123;
  const std::string path = make_file("writes", kSize);
  std::vector<uint8_t> expected(kSize);
  for (uint64_t i = 0; i < kSize; i++) expected[i] = byte_at(i);
  auto file = open_file(path, true);
  std::mt19937_64 random(2);
  for (int i = 0; i < 60; i++) {
    // Neighbours in one call, so that their edges meet in one page.
    std::vector<std::unique_ptr<Transfer>> batch;
    uint64_t offset = random() % kSize;
    uint64_t at = i % 2 == 0 ? offset % 4096 : random() % 4096;
    for (int k = 0; k < 4; k++) {
      const uint64_t length = 1 + random() % (k % 2 == 0 ? 700000 : 900);
      if (expected.size() < offset + length) expected.resize(offset + length);
      for (uint64_t b = 0; b < length; b++) {
        bench.slab->data()[at + b] = static_cast<std::byte>(random());
        expected[offset + b] = static_cast<uint8_t>(bench.slab->data()[at + b]);
      }
      batch.push_back(transfer_of(Kind::write, file, bench.slab, offset, at, length));
      offset += length;
      at += length;
    }
    bench.engine->submit(std::move(batch));
    for (const Completion& done : bench.inbox.collect(*bench.engine, 4)) CHECK(done.error == 0, "error %d", done.error);
  }
  auto sync = std::make_unique<Transfer>();
  sync->kind = Kind::sync;
  sync->file = file;
  CHECK(bench.one(std::move(sync)).error == 0, "fdatasync failed");
  std::vector<uint8_t> found(expected.size() + 1);
  const ssize_t size = pread(file->buffered(), found.data(), found.size(), 0);
  CHECK(size == static_cast<ssize_t>(expected.size()), "%zd bytes, not %zu", size, expected.size());
  CHECK(std::memcmp(found.data(), expected.data(), expected.size()) == 0, "contents differ");
}

void ends_of_files_are_exact() {
  Bench bench(8 << 20);
  for (const uint64_t size : {0UL, 1UL, 511UL, 512UL, 4095UL, 4096UL, 70001UL, 2UL << 20}) {
    const std::string path = make_file("ends", size);
    for (const bool direct : {true, false}) {
      auto file = open_file(path, direct);
      for (const uint64_t offset : {0UL, size / 2, size, size + 5000}) {
        const uint64_t left = offset < size ? size - offset : 0;
        const Completion done = bench.one(transfer_of(Kind::read, file, bench.slab, offset, offset % 4096 + 4096, left + 3000, 4096, 4096));
        CHECK(done.error == kEndOfFile && done.transferred == left, "size %lu from %lu: error %d after %lu", size, offset, done.error, done.transferred);
        CHECK(holds(bench.slab->data() + offset % 4096 + 4096, offset, left), "bytes of size %lu from %lu", size, offset);
        if (left == 0) continue;
        const Completion exact = bench.one(transfer_of(Kind::read, file, bench.slab, offset, offset % 4096 + 4096, left, 4096, 4096));
        CHECK(exact.error == 0 && exact.transferred == left, "exact read: error %d after %lu", exact.error, exact.transferred);
      }
    }
  }
}

void gathers() {
  Bench bench(8 << 20);
  constexpr uint64_t kSize = 3 << 20;
  auto file = open_file(make_file("gather", kSize), true);
  std::mt19937_64 random(3);
  for (const bool aligned : {true, false}) {
    auto transfer = std::make_unique<Transfer>();
    transfer->file = file;
    transfer->slab = bench.slab;
    uint64_t at = 0;
    for (int i = 0; i < 700; i++) {
      const uint64_t length = aligned ? 4096 : random() % 6000;
      const uint64_t offset = aligned ? random() % (kSize / 4096) * 4096 : random() % (kSize - length);
      transfer->pieces.push_back({offset, bench.slab->data() + at, length, 0, 0});
      at += length;
    }
    const std::vector<Piece> pieces = transfer->pieces;
    const Completion done = bench.one(std::move(transfer));
    CHECK(done.error == 0 && done.transferred == at, "error %d after %lu of %lu", done.error, done.transferred, at);
    CHECK(!aligned || done.direct == at, "%lu direct of %lu", done.direct, at);
    for (const Piece& piece : pieces) CHECK(holds(piece.at, piece.offset, piece.length), "bytes at %lu", piece.offset);
  }
  // The prefix ends before the first piece that the file is too short for.
  auto transfer = std::make_unique<Transfer>();
  transfer->file = file;
  transfer->slab = bench.slab;
  transfer->pieces = {{0, bench.slab->data(), 5000, 0, 0}, {kSize - 10, bench.slab->data() + 5000, 100, 0, 0}, {0, bench.slab->data() + 5100, 100, 0, 0}};
  const Completion done = bench.one(std::move(transfer));
  CHECK(done.error == kEndOfFile && done.transferred == 5010, "error %d after %lu", done.error, done.transferred);
}

void errors_have_their_errno() {
  Bench bench(4 << 20);
  const std::string path = make_file("errors", 10000);
  auto readonly = std::make_shared<File>(open(path.c_str(), O_RDONLY | O_CLOEXEC), -1, true, false, Alignment{});
  Completion done = bench.one(transfer_of(Kind::write, readonly, bench.slab, 0, 0, 100));
  CHECK(done.error == EBADF && done.transferred == 0, "error %d", done.error);
  auto full = std::make_shared<File>(open("/dev/full", O_WRONLY | O_CLOEXEC), -1, false, true, Alignment{});
  done = bench.one(transfer_of(Kind::write, full, bench.slab, 0, 0, 100));
  CHECK(done.error == ENOSPC, "error %d", done.error);
  auto outside = transfer_of(Kind::read, open_file(path, false), bench.slab, 0, 0, 100);
  outside->slab = nullptr;
  outside->piece.at = nullptr;
  done = bench.one(std::move(outside));
  CHECK(done.error == EFAULT, "error %d", done.error);
}

void truncation_while_reading() {
  Bench bench(64 << 20);
  constexpr uint64_t kSize = 48 << 20;
  const std::string path = make_file("truncated", kSize);
  auto file = open_file(path, true);
  std::vector<std::unique_ptr<Transfer>> batch;
  batch.push_back(transfer_of(Kind::read, file, bench.slab, 0, 0, kSize));
  bench.engine->submit(std::move(batch));
  if (truncate(path.c_str(), 20 << 20) != 0) std::abort();
  const Completion done = bench.inbox.collect(*bench.engine, 1)[0];
  CHECK(done.error == kEndOfFile && done.transferred >= 20 << 20 && done.transferred < kSize, "error %d after %lu", done.error, done.transferred);
}

void aborts_at_random() {
  Bench bench(64 << 20);
  constexpr uint64_t kSize = 32 << 20;
  const std::string path = make_file("aborts", kSize);
  auto file = open_file(path, true);
  std::mt19937_64 random(4);
  int cancelled = 0;
  for (uint32_t group = 1; group <= 60; group++) {
    posix_fadvise(file->buffered(), 0, 0, POSIX_FADV_DONTNEED);
    std::vector<std::unique_ptr<Transfer>> batch;
    const size_t count = 1 + random() % 40;
    for (size_t i = 0; i < count; i++) {
      batch.push_back(transfer_of(i % 3 == 2 ? Kind::write : Kind::read, file, bench.slab, i * 800000, i * 800000, 800000));
      batch.back()->group = group;
      batch.back()->token = i;
    }
    bench.engine->submit(std::move(batch));
    usleep(static_cast<useconds_t>(random() % 8000));
    bench.engine->cancel(group);
    const auto all = bench.inbox.collect(*bench.engine, count);
    CHECK(all.size() == count, "%zu completions of %zu", all.size(), count);
    for (const Completion& done : all) {
      CHECK(done.error == 0 || done.error == ECANCELED, "error %d", done.error);
      CHECK(done.transferred <= 800000, "%lu transferred", done.transferred);
      if (done.error == ECANCELED) cancelled++;
    }
  }
  CHECK(cancelled > 0, "nothing was ever cancelled");
}

void stops_with_transfers_in_flight() {
  const std::string path = make_file("stops", 32 << 20);
  for (int i = 0; i < 20; i++) {
    Bench bench(40 << 20);
    auto file = open_file(path, true);
    posix_fadvise(file->buffered(), 0, 0, POSIX_FADV_DONTNEED);
    std::vector<std::unique_ptr<Transfer>> batch;
    for (uint64_t k = 0; k < 32; k++) batch.push_back(transfer_of(Kind::read, file, bench.slab, k << 20, k << 20, 1 << 20));
    bench.engine->submit(std::move(batch));
    if (i % 2 == 0) usleep(1000);
    bench.engine->stop();
    CHECK(bench.engine->take().size() == 32, "not every transfer was completed");
    // What comes later is answered too, by nobody: the thread is gone, and says so.
    CHECK(bench.engine->register_slab(bench.slab) == EBADF, "registered with a stopped engine");
  }
}

void large_offsets() {
  Bench bench(4 << 20);
  const std::string path = folder + "/sparse";
  auto file = open_file(path, true);
  constexpr uint64_t kFar = (5ULL << 30) + 4096;
  for (uint64_t i = 0; i < 100000; i++) bench.slab->data()[i] = static_cast<std::byte>(byte_at(i));
  Completion done = bench.one(transfer_of(Kind::write, file, bench.slab, kFar, 0, 100000));
  CHECK(done.error == 0, "error %d", done.error);
  done = bench.one(transfer_of(Kind::read, file, bench.slab, kFar, 1 << 20, 100000, 0, 4096));
  CHECK(done.error == 0 && holds(bench.slab->data() + (1 << 20), 0, 100000), "error %d", done.error);
  done = bench.one(transfer_of(Kind::read, file, bench.slab, INT64_MAX - 100, 0, 50, 0, 4096));
  CHECK(done.error == kEndOfFile && done.transferred == 0, "error %d", done.error);
  unlink(path.c_str());
}

void many_small_reads() {
  Bench bench(64 << 20);
  constexpr uint64_t kSize = 8 << 20;
  auto file = open_file(make_file("small", kSize), true);
  std::vector<std::unique_ptr<Transfer>> batch;
  for (uint64_t i = 0; i < 10000; i++) {
    batch.push_back(transfer_of(Kind::read, file, bench.slab, i * 7919 % (kSize / 4096) * 4096, i * 4096, 4096));
    batch.back()->token = i;
  }
  bench.engine->submit(std::move(batch));
  const auto all = bench.inbox.collect(*bench.engine, 10000);
  std::vector<bool> seen(10000);
  for (const Completion& done : all) {
    CHECK(done.error == 0 && !seen[done.token], "error %d", done.error);
    seen[done.token] = true;
    CHECK(holds(bench.slab->data() + done.token * 4096, done.token * 7919 % (kSize / 4096) * 4096, 4096), "bytes of %lu", done.token);
  }
}

/** A file whose reads wait until something is written to `feed`. */
std::shared_ptr<File> endless(int* feed) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) std::abort();
  *feed = ends[1];
  return std::make_shared<File>(ends[0], -1, true, false, Alignment{});
}

std::vector<std::unique_ptr<Transfer>> reads_of(size_t count, const std::shared_ptr<File>& file, const std::shared_ptr<Slab>& slab, uint32_t group) {
  std::vector<std::unique_ptr<Transfer>> batch;
  for (size_t i = 0; i < count; i++) {
    batch.push_back(transfer_of(Kind::read, file, slab, i * 4096, i * 4096, 4096));
    batch.back()->group = group;
  }
  return batch;
}

void cancels_what_never_ends() {
  Bench bench(16 << 20);
  int feed = -1;
  auto waiting = endless(&feed);
  auto file = open_file(make_file("behind", 4 << 20), true);
  for (int round = 0; round < 10; round++) {
    // As many as there are slots; with their cancellations the submission queue is over-full, and others wait for room.
    bench.engine->submit(reads_of(255, waiting, bench.slab, 1));
    bench.engine->submit(reads_of(1000, file, bench.slab, 2));
    if (round % 2 == 0) usleep(2000);
    bench.engine->cancel(1);
    size_t cancelled = 0;
    for (const Completion& done : bench.inbox.collect(*bench.engine, 1255)) {
      CHECK(done.error == 0 || (done.error == ECANCELED && done.transferred == 0), "error %d after %lu", done.error, done.transferred);
      if (done.error == ECANCELED) cancelled++;
    }
    CHECK(cancelled == 255, "%zu were cancelled", cancelled);
  }
  close(feed);
}

void slow_files_keep_no_other_waiting() {
  Bench bench(64 << 20);
  constexpr uint64_t kSize = 8 << 20;
  auto file = open_file(make_file("fast", kSize), true);
  std::vector<int> feeds(20);
  for (int round = 0; round < 3; round++) {
    size_t waiting = 0;
    for (int& feed : feeds) {
      auto slow = endless(&feed);
      // More bytes than may be in flight, more requests than there are slots, and many files.
      auto batch = reads_of(waiting == 0 ? 0 : waiting == 1 ? 1000 : 20, slow, bench.slab, 1);
      if (waiting == 0) batch.push_back(transfer_of(Kind::read, slow, bench.slab, 0, 0, 50 << 20));
      for (auto& transfer : batch) transfer->group = 1;
      waiting += batch.size();
      bench.engine->submit(std::move(batch));
      if (round == 0) usleep(1000);
    }
    auto batch = reads_of(300, file, bench.slab, 2);
    batch.push_back(transfer_of(Kind::read, file, bench.slab, 0, 52 << 20, kSize));
    const size_t count = batch.size();
    bench.engine->submit(std::move(batch));
    for (const Completion& done : bench.inbox.collect(*bench.engine, count)) CHECK(done.error == 0, "error %d", done.error);
    CHECK(holds(bench.slab->data() + (52 << 20), 0, kSize), "bytes differ");
    bench.engine->cancel(1);
    for (const Completion& done : bench.inbox.collect(*bench.engine, waiting)) CHECK(done.error == ECANCELED && done.transferred == 0, "error %d", done.error);
    for (const int feed : feeds) close(feed);
  }
}

void cancels_between_two_requests() {
  Bench bench(4 << 20);
  int feed = -1;
  auto waiting = endless(&feed);
  std::mt19937_64 random(5);
  for (int i = 0; i < 2000; i++) {
    auto transfer = transfer_of(Kind::read, waiting, bench.slab, 0, 0, 100);
    transfer->group = 1;
    std::vector<std::unique_ptr<Transfer>> batch;
    batch.push_back(std::move(transfer));
    bench.engine->submit(std::move(batch));
    // A short answer: the rest is asked for again, while or after the cancellation comes.
    if (write(feed, "x", 1) != 1) std::abort();
    for (uint64_t k = random() % 2000; k > 0; k--) asm volatile("");
    bench.engine->cancel(1);
    const Completion done = bench.inbox.collect(*bench.engine, 1)[0];
    CHECK(done.error == ECANCELED && done.transferred <= 1, "error %d after %lu", done.error, done.transferred);
    char left;
    if (done.transferred == 0 && read(waiting->buffered(), &left, 1) != 1) std::abort();
  }
  close(feed);
}

/** Makes every further call on the process's rings fail. */
int take_rings_away() {
  int taken = 0;
  for (int fd = 3; fd < 200; fd++) {
    char target[64] = "";
    const std::string link = "/proc/self/fd/" + std::to_string(fd);
    if (readlink(link.c_str(), target, sizeof target - 1) < 0 || std::strstr(target, "[io_uring]") == nullptr) continue;
    const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    dup3(null, fd, O_CLOEXEC);
    close(null);
    taken++;
  }
  return taken;
}

void a_lost_ring_answers() {
  auto file = open_file(make_file("lost", 1 << 20), true);
  for (int round = 0; round < 20; round++) {
    Bench bench(4 << 20);
    int feed = -1;
    auto waiting = endless(&feed);
    bench.engine->submit(reads_of(10, waiting, bench.slab, 1));
    CHECK(bench.one(transfer_of(Kind::read, file, bench.slab, 0, 1 << 20, 4096)).error == 0, "it did not work before");
    CHECK(take_rings_away() == 1, "there is not one ring");
    bench.engine->submit(reads_of(10, file, bench.slab, 2));
    for (const Completion& done : bench.inbox.collect(*bench.engine, 20)) CHECK(done.error == bench.engine->broken() && done.error != 0 && done.transferred == 0, "error %d", done.error);
    for (int i = 0; i < 50; i++) {
      CHECK(bench.one(transfer_of(Kind::read, file, bench.slab, 0, 0, 4096)).error == bench.engine->broken(), "a latecomer was served");
      CHECK(bench.engine->register_slab(bench.slab) == bench.engine->broken(), "memory was registered");
    }
    const size_t before = __sanitizer_get_current_allocated_bytes();
    for (uint32_t i = 0; i < 10000; i++) bench.engine->cancel(i);
    CHECK(__sanitizer_get_current_allocated_bytes() < before + 10000, "cancellations pile up");
    close(feed);
  }
}

void a_loss_outweighs_an_earlier_error() {
  Bench bench(4 << 20);
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends) != 0) std::abort();
  // An empty message ends the first piece as the end of a file does; the second piece goes on waiting.
  if (send(ends[1], "", 0, 0) != 0) std::abort();
  auto transfer = transfer_of(Kind::read, std::make_shared<File>(ends[0], -1, true, false, Alignment{}), bench.slab, 0, 0, 0);
  transfer->pieces = {{0, bench.slab->data(), 4096, 0, 0}, {0, bench.slab->data() + 4096, 4096, 0, 0}};
  std::vector<std::unique_ptr<Transfer>> batch;
  batch.push_back(std::move(transfer));
  bench.engine->submit(std::move(batch));
  auto other = open_file(make_file("outweighed", 4096), false);
  CHECK(bench.one(transfer_of(Kind::read, other, bench.slab, 0, 1 << 20, 4096)).error == 0, "it did not work before");
  CHECK(take_rings_away() == 1, "there is not one ring");
  bench.engine->cancel(99);
  const Completion done = bench.inbox.collect(*bench.engine, 1)[0];
  CHECK(done.error == bench.engine->broken() && done.error != 0 && done.transferred == 0, "error %d after %lu", done.error, done.transferred);
  close(ends[1]);
}

void a_child_has_none_of_it() {
  Bench bench(40 << 20);
  auto file = open_file(make_file("forked", 32 << 20), true);
  for (int i = 0; i < 10; i++) {
    posix_fadvise(file->buffered(), 0, 0, POSIX_FADV_DONTNEED);
    std::vector<std::unique_ptr<Transfer>> batch;
    batch.push_back(transfer_of(Kind::read, file, bench.slab, 0, 0, 32 << 20));
    bench.engine->submit(std::move(batch));
    const pid_t child = fork();
    if (child == 0) {
      // The memory is not there: the kernel, asked to read it, says so.
      int ends[2];
      _exit(pipe(ends) == 0 && write(ends[1], bench.slab->data(), 1) < 0 && errno == EFAULT ? 0 : 1);
    }
    int status = -1;
    waitpid(child, &status, 0);
    CHECK(status == 0, "the child ended with %d", status);
    const Completion done = bench.inbox.collect(*bench.engine, 1)[0];
    CHECK(done.error == 0 && done.transferred == 32 << 20, "error %d after %lu", done.error, done.transferred);
    CHECK(holds(bench.slab->data(), 0, 32 << 20), "bytes differ");
  }
}

void impossible_sizes() {
  for (const size_t size : {size_t{0}, SIZE_MAX, SIZE_MAX - kHugePage + 1, SIZE_MAX / 2, size_t{1} << 46}) {
    int error = 0;
    CHECK(Slab::map(size, &error) == nullptr && error == ENOMEM, "%zu bytes: error %d", size, error);
  }
}

const struct {
  const char* name;
  void (*run)();
} kCases[] = {
    {"reads of any range", reads_any_range},
    {"writes leave the rest alone", writes_leave_the_rest_alone},
    {"ends of files are exact", ends_of_files_are_exact},
    {"gathers", gathers},
    {"errors have their errno", errors_have_their_errno},
    {"truncation while reading", truncation_while_reading},
    {"aborts at random", aborts_at_random},
    {"stops with transfers in flight", stops_with_transfers_in_flight},
    {"large offsets", large_offsets},
    {"many small reads", many_small_reads},
    {"cancels what never ends", cancels_what_never_ends},
    {"slow files keep no other waiting", slow_files_keep_no_other_waiting},
    {"cancels between two requests", cancels_between_two_requests},
    {"a lost ring answers", a_lost_ring_answers},
    {"a loss outweighs an earlier error", a_loss_outweighs_an_earlier_error},
    {"a child has none of it", a_child_has_none_of_it},
    {"impossible sizes", impossible_sizes},
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  folder = argv[1];
  for (const auto& each : kCases) {
    if (argc > 2 && std::string(each.name).find(argv[2]) == std::string::npos) continue;
    current = each.name;
    const int before = failures;
    each.run();
    if (failures == before) std::printf("ok %s\n", each.name);
    std::fflush(stdout);
  }
  return failures > 0 ? 1 : 0;
}
