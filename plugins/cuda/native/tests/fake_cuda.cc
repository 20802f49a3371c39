// A libcuda without a device: memory is the process's own, streams run in their place. For tests alone, and built by them.
// It refuses what a driver was seen to refuse, and counts what is not given back.
#include "fake.h"

#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <vector>

using Address = unsigned long long;

namespace {

constexpr int kInvalidValue = 1;
constexpr int kOutOfMemory = 2;
constexpr int kInvalidDevice = 101;
constexpr int kInvalidContext = 201;

struct Stretch {
  size_t bytes;
  unsigned flags;
};
std::mutex mutex;
std::map<Address, Stretch> allocated;
std::map<Address, Stretch> registered;
thread_local std::vector<int> contexts;

#define FAULT(call) \
  if (const int failed = fake::fault(call); failed != 0) return failed
#define NEEDS_CONTEXT \
  if (contexts.empty()) return kInvalidContext

/** `r--s` and the like of the mapping around an address; empty if there is none. */
std::string permissions(Address at) {
  std::FILE* maps = std::fopen("/proc/self/maps", "re");
  if (maps == nullptr) return "";
  char line[512];
  std::string found;
  while (found.empty() && std::fgets(line, sizeof line, maps) != nullptr) {
    uint64_t from = 0;
    uint64_t to = 0;
    char flags[8] = {};
    if (std::sscanf(line, "%" SCNx64 "-%" SCNx64 " %7s", &from, &to, flags) == 3 && from <= at && at < to) found = flags;
  }
  std::fclose(maps);
  return found;
}

/** The stretch that `bytes` from `at` on lie in begins and ends where it does; what nobody allocated is the host's. */
bool overruns(const std::map<Address, Stretch>& stretches, Address at, size_t bytes) {
  auto next = stretches.upper_bound(at);
  if (next == stretches.begin()) return false;
  --next;
  const Address end = next->first + next->second.bytes;
  return at < end && at + bytes > end;
}

}  // namespace

extern "C" {

int cuInit(unsigned) {
  // It looks at no context: an error that sticks to one does not show.
  if (const int failed = fake::own_fault("cuInit"); failed != 0) return failed;
  return 0;
}
int cuDriverGetVersion(int* version) {
  *version = static_cast<int>(fake::number("version", 13000));
  return 0;
}
int cuDeviceGetCount(int* count) {
  if (const int failed = fake::own_fault("cuDeviceGetCount"); failed != 0) return failed;
  *count = static_cast<int>(fake::number("devices", 2));
  return 0;
}
int cuDeviceGet(int* device, int ordinal) {
  if (const int failed = fake::own_fault("cuDeviceGet"); failed != 0) return failed;
  if (ordinal < 0 || ordinal >= fake::number("devices", 2)) return kInvalidDevice;
  *device = ordinal;
  return 0;
}
int cuDeviceGetName(char* name, int length, int device) {
  std::snprintf(name, static_cast<size_t>(length), "Fake %d", device);
  return 0;
}
int cuDeviceGetUuid(unsigned char* uuid, int device) {
  for (int i = 0; i < 16; i++) uuid[i] = static_cast<unsigned char>(16 * device + i);
  return 0;
}
int cuDeviceTotalMem_v2(size_t* bytes, int) {
  *bytes = static_cast<size_t>(fake::number("memory", 1 << 30));
  return 0;
}
int cuDeviceGetAttribute(int* value, int attribute, int) {
  *value = attribute == 75 ? 9 : attribute == 113 ? static_cast<int>(fake::number("read only", 1)) : 0;
  return 0;
}
int cuDevicePrimaryCtxRetain(void** context, int device) {
  FAULT("cuDevicePrimaryCtxRetain");
  fake::count("contexts");
  *context = reinterpret_cast<void*>(static_cast<uintptr_t>(device) + 1);
  return 0;
}
int cuDevicePrimaryCtxRelease_v2(int) {
  fake::count("contexts", -1);
  return 0;
}
int cuCtxPushCurrent_v2(void* context) {
  FAULT("cuCtxPushCurrent_v2");
  contexts.push_back(static_cast<int>(reinterpret_cast<uintptr_t>(context)));
  return 0;
}
int cuCtxPopCurrent_v2(void**) {
  NEEDS_CONTEXT;
  contexts.pop_back();
  return 0;
}
int cuCtxSetCurrent(void* context) {
  contexts.assign(1, static_cast<int>(reinterpret_cast<uintptr_t>(context)));
  return 0;
}
int cuMemGetInfo_v2(size_t* available, size_t* total) {
  NEEDS_CONTEXT;
  FAULT("cuMemGetInfo_v2");
  *total = static_cast<size_t>(fake::number("memory", 1 << 30));
  *available = *total - static_cast<size_t>(fake::number("device bytes"));
  return 0;
}
int cuMemAlloc_v2(Address* at, size_t bytes) {
  NEEDS_CONTEXT;
  FAULT("cuMemAlloc_v2");
  if (bytes == 0) return kInvalidValue;
  if (fake::number("device bytes") + static_cast<double>(bytes) > fake::number("memory", 1 << 30)) return kOutOfMemory;
  void* memory = nullptr;
  if (posix_memalign(&memory, 512, bytes) != 0) return kOutOfMemory;
  // What nobody has written yet is not zero.
  std::memset(memory, 0xa5, bytes);
  *at = reinterpret_cast<Address>(memory);
  fake::count("device bytes", static_cast<double>(bytes));
  std::lock_guard<std::mutex> lock(mutex);
  allocated[*at] = {bytes, 0};
  return 0;
}
int cuMemFree_v2(Address at) {
  NEEDS_CONTEXT;
  FAULT("cuMemFree_v2");
  std::lock_guard<std::mutex> lock(mutex);
  const auto found = allocated.find(at);
  if (found == allocated.end()) return kInvalidValue;
  fake::count("device bytes", -static_cast<double>(found->second.bytes));
  std::free(reinterpret_cast<void*>(at));
  allocated.erase(found);
  return 0;
}
#ifndef WITHOUT_HOST_REGISTER
int cuMemHostRegister_v2(void* at, size_t bytes, unsigned flags) {
  NEEDS_CONTEXT;
  FAULT("cuMemHostRegister_v2");
  const std::string is = permissions(reinterpret_cast<Address>(at));
  const bool read_only = (flags & 8) != 0;
  if (is.size() < 4 || is[0] != 'r') return kInvalidValue;
  // Seen on a driver: without the flag what is shared or read-only is refused; what is private and read-only hangs with it.
  if (!read_only && (is[1] != 'w' || is[3] == 's')) return kInvalidValue;
  if (read_only && is[3] == 'p' && is[1] != 'w') std::abort();
  fake::count("registered");
  std::lock_guard<std::mutex> lock(mutex);
  registered[reinterpret_cast<Address>(at)] = {bytes, flags};
  return 0;
}
#endif
int cuMemHostUnregister(void* at) {
  NEEDS_CONTEXT;
  std::lock_guard<std::mutex> lock(mutex);
  if (registered.erase(reinterpret_cast<Address>(at)) == 0) return kInvalidValue;
  fake::count("registered", -1);
  return 0;
}
int cuMemHostGetDevicePointer_v2(Address* at, void* host, unsigned) {
  FAULT("cuMemHostGetDevicePointer_v2");
  std::lock_guard<std::mutex> lock(mutex);
  const auto found = registered.find(reinterpret_cast<Address>(host));
  if (found == registered.end() || (found->second.flags & 2) == 0) return kInvalidValue;
  *at = reinterpret_cast<Address>(host);
  return 0;
}
int cuMemcpyAsync(Address to, Address from, size_t bytes, void*) {
  NEEDS_CONTEXT;
  FAULT("cuMemcpyAsync");
  {
    std::lock_guard<std::mutex> lock(mutex);
    for (const auto* stretches : {&allocated, &registered}) {
      if (overruns(*stretches, to, bytes) || overruns(*stretches, from, bytes)) return kInvalidValue;
    }
  }
  fake::count("copied", static_cast<double>(bytes));
  std::memmove(reinterpret_cast<void*>(to), reinterpret_cast<const void*>(from), bytes);
  return 0;
}
int cuMemcpyHtoD_v2(Address to, const void* from, size_t bytes) { return cuMemcpyAsync(to, reinterpret_cast<Address>(from), bytes, nullptr); }
int cuMemcpyDtoH_v2(void* to, Address from, size_t bytes) { return cuMemcpyAsync(reinterpret_cast<Address>(to), from, bytes, nullptr); }
int cuMemsetD8Async(Address at, unsigned char value, size_t bytes, void*) {
  NEEDS_CONTEXT;
  FAULT("cuMemsetD8Async");
  std::memset(reinterpret_cast<void*>(at), value, bytes);
  return 0;
}
int cuMemsetD8_v2(Address at, unsigned char value, size_t bytes) { return cuMemsetD8Async(at, value, bytes, nullptr); }
int cuStreamSynchronize(void*) { return 0; }
int cuStreamCreate(void** stream, unsigned) {
  NEEDS_CONTEXT;
  FAULT("cuStreamCreate");
  fake::count("streams");
  *stream = new int;
  return 0;
}
int cuStreamDestroy_v2(void* stream) {
  fake::count("streams", -1);
  delete static_cast<int*>(stream);
  return 0;
}
int cuEventCreate(void** event, unsigned) {
  FAULT("cuEventCreate");
  fake::count("events");
  *event = new int;
  return 0;
}
int cuEventDestroy_v2(void* event) {
  fake::count("events", -1);
  delete static_cast<int*>(event);
  return 0;
}
int cuEventRecord(void*, void*) {
  FAULT("cuEventRecord");
  return 0;
}
int cuEventSynchronize(void*) {
  FAULT("cuEventSynchronize");
  return 0;
}
int cuEventQuery(void*) {
  FAULT("cuEventQuery");
  return 0;
}
int cuGetErrorName(int result, const char** name) {
  const std::map<int, const char*> names = {{1, "CUDA_ERROR_INVALID_VALUE"}, {2, "CUDA_ERROR_OUT_OF_MEMORY"}, {100, "CUDA_ERROR_NO_DEVICE"}, {700, "CUDA_ERROR_ILLEGAL_ADDRESS"}, {719, "CUDA_ERROR_LAUNCH_FAILED"}, {801, "CUDA_ERROR_NOT_SUPPORTED"}, {803, "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH"}};
  const auto found = names.find(result);
  *name = found == names.end() ? nullptr : found->second;
  return found == names.end() ? kInvalidValue : 0;
}
int cuGetErrorString(int result, const char** text) {
  *text = result == kOutOfMemory ? "out of memory" : "what the fake says";
  return 0;
}

}  // extern "C"
