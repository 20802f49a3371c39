// A libcufile without a device: a read is a pread into what the fake libcuda gives out as device memory. For tests alone, and
// built by them. It refuses what the library was seen to refuse, and counts what is not given back.
#include <cerrno>
#include <cstdint>
#include <map>
#include <mutex>
#include <fcntl.h>
#include <string>
#include <sys/types.h>
#include <unistd.h>
#include <vector>

#include "../../../cuda/native/tests/fake.h"

namespace {

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
struct Properties {
  struct {
    unsigned major, minor;
    size_t poll_threshold, max_direct;
    unsigned status, control;
  } kernel;
  unsigned features, max_cache, buffer_cache, max_pinned, max_batch, batch_timeout;
};
struct Handle {
  int descriptor;
};

constexpr int kInvalidValue = 5022;
constexpr int kAlreadyRegistered = 5023;
constexpr int kNotRegistered = 5024;

std::mutex mutex;
std::map<const void*, size_t> buffers;

ssize_t move(const char* call, void* handle, char* base, size_t size, off_t offset, off_t at, bool in) {
  if (const int failed = fake::fault(call); failed != 0) {
    // As the library does: an errno beside -1, and its own errors negated.
    if (failed >= 5000) return -failed;
    errno = failed;
    return -1;
  }
  usleep(static_cast<useconds_t>(1000 * fake::number("milliseconds of a call")));
  // Whole blocks alone are asked of it.
  if (size % 4096 != 0 || offset % 4096 != 0) return -kInvalidValue;
  const double most = fake::number("most bytes of a call");
  if (most > 0 && size > most) size = static_cast<size_t>(most);
  {
    std::lock_guard<std::mutex> lock(mutex);
    const auto found = buffers.find(base);
    if (found != buffers.end() && static_cast<size_t>(at) + size > found->second) return -kInvalidValue;
    fake::count(found == buffers.end() ? "unregistered calls" : "registered calls");
  }
  // O_DIRECT would want memory that is aligned too, as that of a device is.
  const int direct = static_cast<Handle*>(handle)->descriptor;
  const std::string path = "/proc/self/fd/" + std::to_string(direct);
  const int fd = open(path.c_str(), (in ? O_RDONLY : O_WRONLY) | O_CLOEXEC);
  if (fd < 0) return -1;
  const ssize_t done = in ? pread(fd, base + at, size, offset) : pwrite(fd, base + at, size, offset);
  const int error = errno;
  close(fd);
  errno = error;
  return done;
}

}  // namespace

extern "C" {

Result cuFileDriverOpen() {
  fake::count("drivers");
  return {fake::fault("cuFileDriverOpen"), 0};
}
Result cuFileDriverGetProperties(Properties* properties) {
  *properties = {};
  properties->kernel.major = static_cast<unsigned>(fake::number("nvidia-fs"));
  properties->kernel.minor = properties->kernel.major > 0 ? 24 : 0;
  properties->kernel.status = static_cast<unsigned>(fake::number("status"));
  properties->kernel.control = 2;
  properties->features = 7;
  return {fake::fault("cuFileDriverGetProperties"), 0};
}
Result cuFileGetVersion(int* version) {
  *version = 1150;
  return {0, 0};
}
Result cuFileHandleRegister(void** handle, Description* description) {
  if (const int failed = fake::fault("cuFileHandleRegister"); failed != 0) return {failed, 0};
  if (description->type != 1 || fcntl(description->file.descriptor, F_GETFD) < 0) return {kInvalidValue, 0};
  fake::count("handles");
  *handle = new Handle{description->file.descriptor};
  return {0, 0};
}
void cuFileHandleDeregister(void* handle) {
  fake::count("handles", -1);
  delete static_cast<Handle*>(handle);
}
Result cuFileBufRegister(const void* base, size_t length, int) {
  if (const int failed = fake::fault("cuFileBufRegister"); failed != 0) return {failed, 0};
  std::lock_guard<std::mutex> lock(mutex);
  if (!buffers.emplace(base, length).second) return {kAlreadyRegistered, 0};
  fake::count("buffers");
  return {0, 0};
}
Result cuFileBufDeregister(const void* base) {
  std::lock_guard<std::mutex> lock(mutex);
  if (buffers.erase(base) == 0) return {kNotRegistered, 0};
  fake::count("buffers", -1);
  return {0, 0};
}
ssize_t cuFileRead(void* handle, void* base, size_t size, off_t offset, off_t at) { return move("cuFileRead", handle, static_cast<char*>(base), size, offset, at, true); }
ssize_t cuFileWrite(void* handle, const void* base, size_t size, off_t offset, off_t at) {
  return move("cuFileWrite", handle, const_cast<char*>(static_cast<const char*>(base)), size, offset, at, false);
}

}  // extern "C"
