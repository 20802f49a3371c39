// The part of a vendor's file library, and of its driver, that is used here, as tables of functions that are looked up at run
// time. Declared from the public documentation of cuFile and of the driver; hipFile has the same shapes under other names, so
// that another vendor is another `Vendor`, and no other code.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>

namespace sluice {

/** What most calls give: an error of the library (5001 and up), with the driver's beside it; both 0 for success. */
struct FileResult {
  int error = 0;
  int driver = 0;
  explicit operator bool() const { return error != 0; }
};

using FileHandle = void*;

struct FileDescription {
  /** 1: a descriptor of the system. */
  int type = 1;
  union {
    int descriptor;
    void* handle;
  } file{};
  const void* operations = nullptr;
};

struct DriverProperties {
  struct {
    unsigned major = 0;
    unsigned minor = 0;
    size_t poll_threshold = 0;
    /** KiB of one direct request. */
    size_t max_direct = 0;
    /** A bit for each kind of storage that is supported. */
    unsigned status = 0;
    /** Bit 0: polling; bit 1: compatibility mode is allowed. */
    unsigned control = 0;
  } kernel;
  /** Bit 0: dynamic routing; 1: batches; 2: streams; 3: parallel. */
  unsigned features = 0;
  unsigned max_cache = 0;
  unsigned buffer_cache = 0;
  unsigned max_pinned = 0;
  unsigned max_batch = 0;
  unsigned batch_timeout = 0;
  /** Later versions may have more to say. */
  unsigned reserved[32] = {};
};
static_assert(offsetof(DriverProperties, features) == 32, "as the library lays it out");

struct FileLibrary {
  FileResult (*open)();
  FileResult (*properties)(DriverProperties* properties);
  FileResult (*register_file)(FileHandle* handle, FileDescription* description);
  void (*deregister_file)(FileHandle handle);
  FileResult (*register_buffer)(const void* base, size_t length, int flags);
  FileResult (*deregister_buffer)(const void* base);
  ssize_t (*read)(FileHandle handle, void* base, size_t size, off_t file_offset, off_t buffer_offset);
  ssize_t (*write)(FileHandle handle, const void* base, size_t size, off_t file_offset, off_t buffer_offset);
  /** May be missing. */
  FileResult (*version)(int* version);
};

using Context = void*;

/** What moves the edges of a transfer, which are no whole blocks. */
struct DeviceDriver {
  int (*push)(Context context);
  int (*pop)(Context* context);
  int (*pin)(void* at, size_t bytes, unsigned flags);
  int (*unpin)(void* at);
  int (*to_device)(uint64_t to, const void* from, size_t bytes);
  int (*to_host)(void* to, uint64_t from, size_t bytes);
};

/** One name for each function, in the order of the struct. */
struct Vendor {
  const char* library;
  const char* driver;
  const char* file_symbols[9];
  const char* driver_symbols[6];
};
extern const Vendor kNvidia;

enum class Lack { none, library, symbol, driver, open };

struct Loaded {
  const FileLibrary* files = nullptr;
  const DeviceDriver* driver = nullptr;
  Lack lack = Lack::none;
  /** What the loader says, or the name of what is missing. */
  std::string text;
  FileResult result;
  /** 1000 * major + 10 * minor; 0 for unknown. */
  int version = 0;
  DriverProperties properties;
};

/** Whether the library may go through memory of the host, must, or must not. Settled when it is opened, for the process. */
enum class Mode : int { automatic, compatible, direct };

/**
 * Loads and opens the library, once for the process. `log` is where it is to write its log, unless the environment says.
 * A later call in another mode gives what the first one gave, with `mode` set to that of the first.
 */
Loaded load(const Vendor& vendor, const std::string& log, Mode* mode);

}  // namespace sluice
