// What the suite `gds` is measured against: a plain program on cuFile and the CUDA driver, with the same block size and depth.
//   cufile_peer read|write <file> <bytes> <block> <threads>
//   cufile_peer map <file> <bytes> <block>
// Prints what its work took as JSON, without what comes before it: the driver, the device, files and memory opened and registered.
// Reads and writes: each thread has a registered block of device memory, and makes call after call. The map: the file mapped
// shared and read-only, registered with the device, copied whole into device memory block after block, and unmapped again. Of
// what was read, a sum of the words is printed, so that nobody has to believe it.
// Needs the C library alone, so that it runs where it was not built; the functions are declared from public documentation.
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

namespace {

using Address = unsigned long long;
struct Result {
  int error;
  int driver;
};
struct Description {
  int type;
  union {
    int descriptor;
    void* handle;
  } file;
  const void* operations;
};

[[noreturn]] void fail(const char* what, long result) {
  fprintf(stderr, "%s failed with %ld\n", what, result);
  exit(1);
}

void* cuda = nullptr;
void* cufile = nullptr;

template <class Function>
Function* find(void* library, const char* name) {
  void* found = dlsym(library, name);
  if (found == nullptr) fail(name, 0);
  Function* function;
  memcpy(&function, &found, sizeof found);
  return function;
}

/** A call of the driver that must go well. */
template <class... Arguments>
void call(const char* name, Arguments... arguments) {
  const int result = find<int(Arguments...)>(cuda, name)(arguments...);
  if (result != 0) fail(name, result);
}

void* load(const char* name) {
  void* library = dlopen(name, RTLD_LAZY);
  if (library == nullptr) fail(dlerror(), 0);
  return library;
}

void* open_device() {
  cuda = load("libcuda.so.1");
  void* context = nullptr;
  call("cuInit", 0U);
  call("cuDevicePrimaryCtxRetain", &context, 0);
  call("cuCtxSetCurrent", context);
  return context;
}

double cpu_seconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6; };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

double now() {
  timespec at{};
  clock_gettime(CLOCK_MONOTONIC, &at);
  return static_cast<double>(at.tv_sec) + static_cast<double>(at.tv_nsec) / 1e9;
}

struct Clock {
  double start = now();
  double cpu = cpu_seconds();
  double seconds = 0;
  void stop() {
    seconds = now() - start;
    cpu = cpu_seconds() - cpu;
  }
  void print(uint64_t sum) const { printf("{\"seconds\":%.9f,\"cpuSeconds\":%.9f,\"sum\":%llu}\n", seconds, cpu, static_cast<unsigned long long>(sum)); }
};

/** The sum of the 32-bit words in device memory. */
uint64_t sum_of(Address at, size_t bytes) {
  auto* words = static_cast<uint32_t*>(malloc(bytes));
  call("cuMemcpyDtoH_v2", static_cast<void*>(words), at, bytes);
  uint64_t sum = 0;
  for (size_t i = 0; i < bytes / 4; i++) sum += words[i];
  free(words);
  return sum;
}

struct Transfer {
  bool read;
  void* context;
  void* handle;
  uint64_t bytes;
  uint64_t block;
  uint64_t next = 0;
};
struct Worker {
  Transfer* transfer;
  Address memory;
  pthread_t thread;
};

void* work(void* given) {
  auto& worker = *static_cast<Worker*>(given);
  Transfer& transfer = *worker.transfer;
  call("cuCtxSetCurrent", transfer.context);
  auto* function = find<ssize_t(void*, void*, size_t, off_t, off_t)>(cufile, transfer.read ? "cuFileRead" : "cuFileWrite");
  for (;;) {
    const uint64_t at = __atomic_fetch_add(&transfer.next, transfer.block, __ATOMIC_RELAXED);
    if (at >= transfer.bytes) return nullptr;
    const uint64_t end = at + transfer.block < transfer.bytes ? at + transfer.block : transfer.bytes;
    for (uint64_t done = at; done < end;) {
      const ssize_t moved = function(transfer.handle, reinterpret_cast<void*>(worker.memory), end - done, static_cast<off_t>(done), static_cast<off_t>(done - at));
      if (moved <= 0) fail("a transfer", moved);
      done += static_cast<uint64_t>(moved);
    }
  }
}

void transfers(bool read, const char* path, uint64_t bytes, uint64_t block, size_t threads) {
  Transfer transfer;
  transfer.read = read;
  transfer.context = open_device();
  transfer.bytes = bytes;
  transfer.block = block;
  cufile = load("libcufile.so.0");
  if (const Result opened = find<Result()>(cufile, "cuFileDriverOpen")(); opened.error != 0) fail("cuFileDriverOpen", opened.error);
  const int fd = open(path, (read ? O_RDONLY : O_WRONLY) | O_DIRECT | O_CLOEXEC);
  if (fd < 0) fail("open", errno);
  Description description{};
  description.type = 1;
  description.file.descriptor = fd;
  if (const Result kept = find<Result(void**, Description*)>(cufile, "cuFileHandleRegister")(&transfer.handle, &description); kept.error != 0) fail("cuFileHandleRegister", kept.error);
  auto* workers = static_cast<Worker*>(calloc(threads, sizeof(Worker)));
  for (size_t i = 0; i < threads; i++) {
    Worker& worker = workers[i];
    worker.transfer = &transfer;
    call("cuMemAlloc_v2", &worker.memory, static_cast<size_t>(block));
    call("cuMemsetD8_v2", worker.memory, static_cast<unsigned char>(0), static_cast<size_t>(block));
    if (const Result kept = find<Result(const void*, size_t, int)>(cufile, "cuFileBufRegister")(reinterpret_cast<const void*>(worker.memory), block, 0); kept.error != 0) fail("cuFileBufRegister", kept.error);
  }
  Clock clock;
  for (size_t i = 0; i < threads; i++) pthread_create(&workers[i].thread, nullptr, work, &workers[i]);
  for (size_t i = 0; i < threads; i++) pthread_join(workers[i].thread, nullptr);
  clock.stop();
  // Which thread read what is up to them: the first block again, for its sum.
  transfer.next = 0;
  transfer.bytes = bytes < block ? bytes : block;
  if (read) work(&workers[0]);
  clock.print(sum_of(workers[0].memory, bytes < block ? bytes : block));
  free(workers);
}

void map(const char* path, uint64_t bytes, uint64_t block) {
  open_device();
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) fail("open", errno);
  Address target = 0;
  void* stream = nullptr;
  call("cuMemAlloc_v2", &target, static_cast<size_t>(bytes));
  call("cuStreamCreate", &stream, 1U);
  Clock clock;
  void* at = mmap(nullptr, bytes, PROT_READ, MAP_SHARED, fd, 0);
  if (at == MAP_FAILED) fail("mmap", errno);
  // Read-only, and mapped for the device.
  call("cuMemHostRegister_v2", at, static_cast<size_t>(bytes), 2U | 8U);
  Address source = 0;
  call("cuMemHostGetDevicePointer_v2", &source, at, 0U);
  for (uint64_t done = 0; done < bytes; done += block) {
    const size_t size = bytes - done < block ? bytes - done : block;
    call("cuMemcpyAsync", target + done, source + done, size, stream);
  }
  call("cuStreamSynchronize", stream);
  call("cuMemHostUnregister", at);
  munmap(at, bytes);
  clock.stop();
  clock.print(sum_of(target, 1 << 20));
}

}  // namespace

int main(int count, char** given) {
  const char* what = count > 1 ? given[1] : "";
  const auto number = [&](int i) { return static_cast<uint64_t>(strtoull(given[i], nullptr, 10)); };
  const bool read = strcmp(what, "read") == 0;
  if ((read || strcmp(what, "write") == 0) && count == 6) transfers(read, given[2], number(3), number(4), number(5));
  else if (strcmp(what, "map") == 0 && count == 5) map(given[2], number(3), number(4));
  else {
    fprintf(stderr, "usage: cufile_peer read|write <file> <bytes> <block> <threads> | map <file> <bytes> <block>\n");
    return 2;
  }
  return 0;
}
