#include "vendor.h"

#include <dlfcn.h>

#include <cstdlib>
#include <cstring>
#include <mutex>

namespace sluice {

const Vendor kNvidia = {
    "libcufile.so.0",
    "libcuda.so.1",
    {"cuFileDriverOpen", "cuFileDriverGetProperties", "cuFileHandleRegister", "cuFileHandleDeregister", "cuFileBufRegister", "cuFileBufDeregister", "cuFileRead", "cuFileWrite", "cuFileGetVersion"},
    {"cuCtxPushCurrent_v2", "cuCtxPopCurrent_v2", "cuMemHostRegister_v2", "cuMemHostUnregister", "cuMemcpyHtoD_v2", "cuMemcpyDtoH_v2"},
};

namespace {

/** The version is asked for where it can be. */
constexpr size_t kNeeded = 8;
static_assert(sizeof(FileLibrary) == 9 * sizeof(void*) && sizeof(DeviceDriver) == 6 * sizeof(void*), "tables of functions and no more");

std::mutex mutex;
FileLibrary files;
DeviceDriver driver;
bool opened = false;
Mode opened_in = Mode::automatic;

/** Fills a table by the names of its functions; false, with the name, if one of those that are needed is missing. */
bool fill(void* table, void* library, const char* const* symbols, size_t count, size_t needed, std::string* missing) {
  for (size_t i = 0; i < count; i++) {
    void* found = dlsym(library, symbols[i]);
    if (found == nullptr && i < needed) {
      *missing = symbols[i];
      return false;
    }
    std::memcpy(static_cast<char*>(table) + i * sizeof found, &found, sizeof found);
  }
  return true;
}

void* load_library(const char* name, std::string* said) {
  void* library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
  const char* error = library == nullptr ? dlerror() : nullptr;
  if (error != nullptr) *said = error;
  return library;
}

}  // namespace

Loaded load(const Vendor& vendor, const std::string& log, Mode* mode) {
  std::lock_guard<std::mutex> lock(mutex);
  Loaded loaded;
  if (!opened) {
    // Read by the library when it is loaded or opened. What the user has set stands.
    if (!log.empty()) setenv("CUFILE_LOGFILE_PATH", log.c_str(), 0);
    if (*mode == Mode::compatible) setenv("CUFILE_FORCE_COMPAT_MODE", "true", 1);
    if (*mode == Mode::direct) setenv("CUFILE_ALLOW_COMPAT_MODE", "false", 1);
  }
  loaded.lack = Lack::driver;
  void* device = load_library(vendor.driver, &loaded.text);
  if (device == nullptr || !fill(&driver, device, vendor.driver_symbols, 6, 6, &loaded.text)) return loaded;
  loaded.lack = Lack::library;
  void* library = load_library(vendor.library, &loaded.text);
  if (library == nullptr) return loaded;
  loaded.lack = Lack::symbol;
  if (!fill(&files, library, vendor.file_symbols, 9, kNeeded, &loaded.text)) return loaded;
  loaded.lack = Lack::open;
  if (!opened) {
    loaded.result = files.open();
    if (loaded.result) return loaded;
    opened = true;
    opened_in = *mode;
  }
  *mode = opened_in;
  loaded.result = files.properties(&loaded.properties);
  if (loaded.result) return loaded;
  if (files.version == nullptr || files.version(&loaded.version)) loaded.version = 0;
  loaded.lack = Lack::none;
  loaded.files = &files;
  loaded.driver = &driver;
  return loaded;
}

}  // namespace sluice
