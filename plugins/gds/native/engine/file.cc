#include "file.h"

#include <unistd.h>

#include <cerrno>
#include <utility>

namespace sluice {

FileResult File::register_with_library() {
  FileDescription description;
  description.file.descriptor = direct_ >= 0 ? direct_ : buffered_;
  FileHandle handle = nullptr;
  const FileResult result = library_.register_file(&handle, &description);
  if (!result) handle_ = handle;
  return result;
}

int64_t File::size() const {
  const off_t end = lseek(buffered_, 0, SEEK_END);
  return end < 0 ? -static_cast<int64_t>(errno) : end;
}

int File::close() {
  if (handle_ != nullptr) library_.deregister_file(std::exchange(handle_, nullptr));
  int error = 0;
  for (int* descriptor : {&direct_, &buffered_}) {
    if (*descriptor >= 0 && ::close(std::exchange(*descriptor, -1)) != 0 && errno != EINTR) error = errno;
  }
  return error;
}

}  // namespace sluice
