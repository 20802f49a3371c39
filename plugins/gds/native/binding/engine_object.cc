#include "engine_object.h"

#include <fcntl.h>

#include <cerrno>
#include <utility>
#include <vector>

namespace sluice {
namespace {

// Columns of a row that `submit` takes, and of one that the callback is given.
enum Column { kToken, kKind, kFile, kBaseHigh, kBaseLow, kAt, kLength, kOffsetHigh, kOffsetLow, kColumns };
constexpr size_t kCompletionColumns = 7;

Napi::Value refuse(Napi::Env env, const char* message) {
  Napi::TypeError::New(env, message).ThrowAsJavaScriptException();
  return env.Undefined();
}

/** A descriptor of our own, whoever closes the given one. */
int own(int fd) { return fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 3); }

uint64_t joined(const double* high) { return static_cast<uint64_t>(high[0]) << 32 | static_cast<uint64_t>(high[1]); }

const void* address_of(const Napi::Value& value) {
  bool lossless = false;
  return reinterpret_cast<const void*>(static_cast<uintptr_t>(value.As<Napi::BigInt>().Uint64Value(&lossless)));
}

/** The context is current on this thread for as long as this lives. */
class Current {
 public:
  Current(const DeviceDriver& driver, Context context) : driver_(driver), pushed_(driver.push(context) == 0) {}
  ~Current() {
    Context popped = nullptr;
    if (pushed_) driver_.pop(&popped);
  }
  Current(const Current&) = delete;
  Current& operator=(const Current&) = delete;

 private:
  const DeviceDriver& driver_;
  bool pushed_;
};

Napi::Object outcome(Napi::Env env, int error, const FileResult& result) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("errno", error);
  object.Set("result", result.error);
  object.Set("driverResult", result.driver);
  return object;
}

}  // namespace

void deliver_completions(Napi::Env env, Napi::Function callback, Delivery* delivery, void*) {
  // During teardown there is nobody to tell.
  if (env == nullptr || callback == nullptr || delivery->engine == nullptr) return;
  const std::vector<Completion> done = delivery->engine->take();
  if (done.empty()) return;
  delivery->in_flight -= done.size();
  if (delivery->in_flight == 0) delivery->notifier.Unref(env);
  // Plain calls, each of which is checked: in a worker that is being terminated any of them may refuse.
  napi_value array = delivery->completions.Value();
  napi_value self = nullptr;
  size_t numbers = 0;
  void* data = nullptr;
  if (array == nullptr || napi_get_typedarray_info(env, array, nullptr, &numbers, &data, nullptr, nullptr) != napi_ok || numbers < kCompletionColumns) return;
  if (napi_get_undefined(env, &self) != napi_ok) return;
  const size_t room = numbers / kCompletionColumns;
  for (size_t from = 0; from < done.size(); from += room) {
    const size_t to = std::min(done.size(), from + room);
    auto* row = static_cast<double*>(data);
    for (size_t i = from; i < to; i++) {
      const Completion& each = done[i];
      *row++ = static_cast<double>(each.token);
      *row++ = each.failure.error;
      *row++ = each.failure.result.error;
      *row++ = each.failure.driver;
      *row++ = static_cast<double>(each.transferred);
      *row++ = static_cast<double>(each.whole);
      *row++ = static_cast<double>(each.edges);
    }
    napi_value count = nullptr;
    // An exception is left pending: Node reports it as uncaught.
    if (napi_create_double(env, static_cast<double>(to - from), &count) != napi_ok || napi_call_function(env, self, callback, 1, &count, nullptr) != napi_ok) return;
  }
}

Napi::Function EngineObject::define(Napi::Env env) {
  return DefineClass(env, "Engine", {
    InstanceMethod("openFile", &EngineObject::open_file),
    InstanceMethod("sizeOfFile", &EngineObject::size_of_file),
    InstanceMethod("descriptorOfFile", &EngineObject::descriptor_of_file),
    InstanceMethod("closeFile", &EngineObject::close_file),
    InstanceMethod("registerBuffer", &EngineObject::register_buffer),
    InstanceMethod("deregisterBuffer", &EngineObject::deregister_buffer),
    InstanceMethod("submit", &EngineObject::submit),
    InstanceMethod("cancel", &EngineObject::cancel),
    InstanceMethod("close", &EngineObject::close),
  });
}

EngineObject::EngineObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<EngineObject>(info) {
  const Napi::Env env = info.Env();
  Mode mode = Mode::automatic;
  loaded_ = load(kNvidia, "", &mode);
  if (loaded_.files == nullptr) {
    refuse(env, "the library is not open: load it before");
    return;
  }
  context_ = const_cast<Context>(address_of(info[0]));
  auto* held = new std::shared_ptr<Delivery>(delivery_);
  delivery_->completions = Napi::Persistent(info[2].As<Napi::Float64Array>());
  Notifier& notifier = delivery_->notifier;
  notifier = Notifier::New(env, info[1].As<Napi::Function>(), "sluice-gds", 0, 1, delivery_.get(), [](Napi::Env, std::shared_ptr<Delivery>* ending, Delivery*) { delete ending; }, held);
  notifier.Unref(env);
  delivery_->engine = Engine::start(*loaded_.files, *loaded_.driver, context_, [notifier]() mutable { notifier.NonBlockingCall(); });
  if (delivery_->engine == nullptr) {
    notifier.Release();
    refuse(env, "no thread could be started");
    return;
  }
  ended_ = false;
  // Hooks run last in, first out: this one after the function's own is made, so before that is torn down.
  if (napi_add_async_cleanup_hook(env, at_exit, this, &exit_hook_) != napi_ok) exit_hook_ = nullptr;
}

EngineObject::~EngineObject() { end(); }

/** The environment goes down, perhaps in the middle of transfers: the calls that are under way end first. */
void EngineObject::at_exit(napi_async_cleanup_hook_handle, void* self) { static_cast<EngineObject*>(self)->end(); }

void EngineObject::end() {
  if (ended_) return;
  ended_ = true;
  delivery_->engine->stop();
  if (exit_hook_ != nullptr) napi_remove_async_cleanup_hook(std::exchange(exit_hook_, nullptr));
  delivery_->engine.reset();
  files_.clear();
  delivery_->notifier.Release();
}

Napi::Value EngineObject::close(const Napi::CallbackInfo& info) {
  end();
  return info.Env().Undefined();
}

/** openFile(buffered, direct or -1, readable, writable): keeps descriptors of its own. { errno, result, driverResult, file } */
Napi::Value EngineObject::open_file(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (ended_) return refuse(env, "the engine is closed");
  const int given = info[1].As<Napi::Number>().Int32Value();
  const int buffered = own(info[0].As<Napi::Number>().Int32Value());
  int error = buffered < 0 ? errno : 0;
  const int direct = error == 0 ? own(given) : -1;
  if (error == 0 && given >= 0 && direct < 0) error = errno;
  const auto file = std::make_shared<File>(*loaded_.files, buffered, direct, info[2].ToBoolean(), info[3].ToBoolean());
  if (error != 0) return outcome(env, error, {});
  const Current current(*loaded_.driver, context_);
  const FileResult registered = file->register_with_library();
  Napi::Object result = outcome(env, 0, registered);
  if (registered) return result;
  const uint32_t id = next_id_++;
  files_.emplace(id, file);
  result.Set("file", id);
  return result;
}

Napi::Value EngineObject::size_of_file(const Napi::CallbackInfo& info) {
  const auto found = files_.find(info[0].As<Napi::Number>().Uint32Value());
  return Napi::BigInt::New(info.Env(), found == files_.end() ? int64_t{-EBADF} : found->second->size());
}

/** descriptorOfFile(file): the engine's own, through the page cache; -1 of a file that is closed. */
Napi::Value EngineObject::descriptor_of_file(const Napi::CallbackInfo& info) {
  const auto found = files_.find(info[0].As<Napi::Number>().Uint32Value());
  return Napi::Number::New(info.Env(), found == files_.end() ? -1 : found->second->buffered());
}

Napi::Value EngineObject::close_file(const Napi::CallbackInfo& info) {
  const auto found = files_.find(info[0].As<Napi::Number>().Uint32Value());
  if (found == files_.end()) return Napi::Number::New(info.Env(), 0);
  const std::shared_ptr<File> file = std::move(found->second);
  files_.erase(found);
  // Where a transfer still has it, the last one closes it.
  return Napi::Number::New(info.Env(), file.use_count() == 1 ? file->close() : 0);
}

/** registerBuffer(address, bytes): { errno, result, driverResult } */
Napi::Value EngineObject::register_buffer(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (ended_) return refuse(env, "the engine is closed");
  const Current current(*loaded_.driver, context_);
  return outcome(env, 0, loaded_.files->register_buffer(address_of(info[0]), static_cast<size_t>(info[1].As<Napi::Number>().DoubleValue()), 0));
}

Napi::Value EngineObject::deregister_buffer(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Current current(*loaded_.driver, context_);
  return outcome(env, 0, loaded_.files->deregister_buffer(address_of(info[0])));
}

/** submit(group, rows: Float64Array, count): the first `count` rows, all of them, or an exception and none. */
Napi::Value EngineObject::submit(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (ended_) return refuse(env, "the engine is closed");
  const auto rows = info[1].As<Napi::Float64Array>();
  const size_t count = std::min<size_t>(info[2].As<Napi::Number>().Uint32Value(), rows.ElementLength() / kColumns);
  std::vector<std::unique_ptr<Transfer>> batch;
  batch.reserve(count);
  const double* end = rows.Data() + count * kColumns;
  for (const double* row = rows.Data(); row != end; row += kColumns) {
    auto transfer = std::make_unique<Transfer>();
    transfer->token = static_cast<uint64_t>(row[kToken]);
    transfer->group = info[0].As<Napi::Number>().Uint32Value();
    transfer->kind = static_cast<Kind>(row[kKind]);
    const auto found = files_.find(static_cast<uint32_t>(row[kFile]));
    if (found == files_.end()) return refuse(env, "the file is closed");
    transfer->file = found->second;
    if (transfer->kind == Kind::read ? !transfer->file->readable() : transfer->kind == Kind::write && !transfer->file->writable()) return refuse(env, "the file was opened without that right");
    if (transfer->kind != Kind::sync) {
      transfer->base = joined(row + kBaseHigh);
      transfer->at = static_cast<uint64_t>(row[kAt]);
      transfer->length = static_cast<uint64_t>(row[kLength]);
      transfer->offset = joined(row + kOffsetHigh);
      if (transfer->offset > INT64_MAX || transfer->length > INT64_MAX - transfer->offset) return refuse(env, "the range ends past 2^63-1");
    }
    batch.push_back(std::move(transfer));
  }
  if (delivery_->in_flight == 0 && count > 0) delivery_->notifier.Ref(env);
  delivery_->in_flight += count;
  delivery_->engine->submit(std::move(batch));
  return env.Undefined();
}

Napi::Value EngineObject::cancel(const Napi::CallbackInfo& info) {
  if (!ended_) delivery_->engine->cancel(info[0].As<Napi::Number>().Uint32Value());
  return info.Env().Undefined();
}

}  // namespace sluice
