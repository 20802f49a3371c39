#include "driver.h"

#include <dlfcn.h>

#include <cstddef>
#include <cstring>
#include <mutex>

namespace sluice {
namespace {

struct Row {
  size_t offset;
  /** As libcuda exports it: what has changed since the first version carries the number of its version. */
  const char* symbol;
};

#define ROW(member, symbol) \
  Row { offsetof(Driver, member), symbol }
constexpr Row kRows[] = {
    ROW(init, "cuInit"),
    ROW(version, "cuDriverGetVersion"),
    ROW(device_count, "cuDeviceGetCount"),
    ROW(device_get, "cuDeviceGet"),
    ROW(device_name, "cuDeviceGetName"),
    ROW(device_uuid, "cuDeviceGetUuid"),
    ROW(device_memory, "cuDeviceTotalMem_v2"),
    ROW(device_attribute, "cuDeviceGetAttribute"),
    ROW(context_retain, "cuDevicePrimaryCtxRetain"),
    ROW(context_release, "cuDevicePrimaryCtxRelease_v2"),
    ROW(context_push, "cuCtxPushCurrent_v2"),
    ROW(context_pop, "cuCtxPopCurrent_v2"),
    ROW(memory_info, "cuMemGetInfo_v2"),
    ROW(allocate, "cuMemAlloc_v2"),
    ROW(free, "cuMemFree_v2"),
    ROW(host_register, "cuMemHostRegister_v2"),
    ROW(host_unregister, "cuMemHostUnregister"),
    ROW(host_address, "cuMemHostGetDevicePointer_v2"),
    ROW(copy, "cuMemcpyAsync"),
    ROW(fill, "cuMemsetD8Async"),
    ROW(stream_create, "cuStreamCreate"),
    ROW(stream_destroy, "cuStreamDestroy_v2"),
    ROW(event_create, "cuEventCreate"),
    ROW(event_destroy, "cuEventDestroy_v2"),
    ROW(event_record, "cuEventRecord"),
    ROW(event_wait, "cuEventSynchronize"),
    ROW(event_query, "cuEventQuery"),
    ROW(error_name, "cuGetErrorName"),
    ROW(error_text, "cuGetErrorString"),
};
#undef ROW

std::mutex mutex;
void* library = nullptr;
Driver table;
bool complete = false;

bool fill_table(std::string* missing) {
  for (const Row& row : kRows) {
    void* found = dlsym(library, row.symbol);
    if (found == nullptr) {
      *missing = row.symbol;
      return false;
    }
    std::memcpy(reinterpret_cast<char*>(&table) + row.offset, &found, sizeof found);
  }
  return true;
}

}  // namespace

Loaded load_driver() {
  std::lock_guard<std::mutex> lock(mutex);
  Loaded loaded;
  if (library == nullptr) library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    const char* said = dlerror();
    loaded.lack = Lack::library;
    loaded.text = said == nullptr ? "" : said;
    return loaded;
  }
  complete = complete || fill_table(&loaded.text);
  if (!complete) {
    loaded.lack = Lack::symbol;
    return loaded;
  }
  if (table.version(&loaded.version) != kCudaSuccess) loaded.version = 0;
  loaded.lack = Lack::init;
  loaded.result = table.init(0);
  if (loaded.result != kCudaSuccess) return loaded;
  loaded.lack = Lack::version;
  if (loaded.version < kOldestDriver) return loaded;
  loaded.lack = Lack::devices;
  loaded.result = table.device_count(&loaded.devices);
  if (loaded.result != kCudaSuccess || loaded.devices == 0) return loaded;
  loaded.lack = Lack::none;
  loaded.driver = &table;
  return loaded;
}

std::string name_of(const Driver& driver, CudaResult result) {
  const char* name = nullptr;
  return driver.error_name(result, &name) == kCudaSuccess && name != nullptr ? name : "CUDA error " + std::to_string(result);
}

std::string text_of(const Driver& driver, CudaResult result) {
  const char* text = nullptr;
  return driver.error_text(result, &text) == kCudaSuccess && text != nullptr ? text : "no text for it";
}

bool is_sticky(CudaResult result) {
  switch (result) {
    case 3:    // the driver shuts down
    case 46:   // the device is not available
    case 214:  // an uncorrectable memory error
    case 220:  // an uncorrectable error of NVLink
    case 700:  // an illegal address
    case 702:  // a launch that took too long
    case 709:  // the context is destroyed
    case 710:  // a device assertion
    case 714:  // an error of the hardware's stack
    case 715:  // an illegal instruction
    case 716:  // a misaligned address
    case 717:  // an invalid address space
    case 718:  // an invalid program counter
    case 719:  // a launch that failed
    case 999:  // unknown
      return true;
    default:
      return false;
  }
}

}  // namespace sluice
