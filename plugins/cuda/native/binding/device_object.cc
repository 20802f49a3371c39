#include "device_object.h"

#include <utility>
#include <vector>

namespace sluice {
namespace {

constexpr size_t kCompletionColumns = 2;

Napi::Value refuse(Napi::Env env, const char* message) {
  Napi::TypeError::New(env, message).ThrowAsJavaScriptException();
  return env.Undefined();
}

Napi::Object outcome(Napi::Env env, const PinError& error) {
  Napi::Object result = Napi::Object::New(env);
  result.Set("errno", error.error);
  result.Set("result", error.result);
  return result;
}

size_t size_of(const Napi::Value& value) { return static_cast<size_t>(value.As<Napi::Number>().DoubleValue()); }

}  // namespace

void deliver_completions(Napi::Env env, Napi::Function callback, Delivery* delivery, void*) {
  // During teardown there is nobody to tell.
  if (env == nullptr || callback == nullptr || delivery->device == nullptr) return;
  const std::vector<Completion> done = delivery->device->take();
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
      *row++ = static_cast<double>(done[i].token);
      *row++ = done[i].result;
    }
    napi_value count = nullptr;
    // An exception is left pending: Node reports it as uncaught.
    if (napi_create_double(env, static_cast<double>(to - from), &count) != napi_ok || napi_call_function(env, self, callback, 1, &count, nullptr) != napi_ok) return;
  }
}

Napi::Function DeviceObject::define(Napi::Env env) {
  return DefineClass(env, "Device", {
    InstanceMethod("allocate", &DeviceObject::allocate),
    InstanceMethod("pin", &DeviceObject::pin),
    InstanceMethod("map", &DeviceObject::map),
    InstanceMethod("release", &DeviceObject::release),
    InstanceMethod("copy", &DeviceObject::copy),
    InstanceMethod("fill", &DeviceObject::fill),
    InstanceMethod("explain", &DeviceObject::explain),
    InstanceMethod("state", &DeviceObject::state),
    InstanceMethod("close", &DeviceObject::close),
  });
}

DeviceObject::DeviceObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<DeviceObject>(info) {
  const Napi::Env env = info.Env();
  driver_ = load_driver().driver;
  if (driver_ == nullptr) {
    refuse(env, "the driver is not there: probe before opening");
    return;
  }
  auto* held = new std::shared_ptr<Delivery>(delivery_);
  delivery_->completions = Napi::Persistent(info[2].As<Napi::Float64Array>());
  Notifier& notifier = delivery_->notifier;
  notifier = Notifier::New(env, info[1].As<Napi::Function>(), "sluice-cuda", 0, 1, delivery_.get(), [](Napi::Env, std::shared_ptr<Delivery>* ending, Delivery*) { delete ending; }, held);
  notifier.Unref(env);
  PinError error;
  delivery_->device = Device::open(*driver_, info[0].As<Napi::Number>().Int32Value(), [notifier]() mutable { notifier.NonBlockingCall(); }, &error);
  if (delivery_->device == nullptr) {
    notifier.Release();
    Napi::Error failure = Napi::Error::New(env, "the device cannot be opened");
    failure.Set("errno", static_cast<double>(error.error));
    failure.Set("result", static_cast<double>(error.result));
    failure.Set("resultName", name_of(*driver_, error.result));
    failure.Set("resultText", text_of(*driver_, error.result));
    failure.ThrowAsJavaScriptException();
    return;
  }
  ended_ = false;
  // Hooks run last in, first out: this one after the function's own is made, so before that is torn down.
  if (napi_add_async_cleanup_hook(env, at_exit, this, &exit_hook_) != napi_ok) exit_hook_ = nullptr;
}

DeviceObject::~DeviceObject() { end(); }

/** The environment goes down, perhaps in the middle of copies: the device has to let go of all memory first. */
void DeviceObject::at_exit(napi_async_cleanup_hook_handle, void* self) { static_cast<DeviceObject*>(self)->end(); }

void DeviceObject::end() {
  if (ended_) return;
  ended_ = true;
  delivery_->device->stop();
  if (exit_hook_ != nullptr) napi_remove_async_cleanup_hook(std::exchange(exit_hook_, nullptr));
  delivery_->device.reset();
  delivery_->notifier.Release();
}

Napi::Value DeviceObject::close(const Napi::CallbackInfo& info) {
  end();
  return info.Env().Undefined();
}

/** allocate(bytes): { errno, result, block, address }, the last two where it went well. */
Napi::Value DeviceObject::allocate(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (ended_) return refuse(env, "the device is closed");
  uint32_t id = 0;
  const CudaResult failed = delivery_->device->allocate(size_of(info[0]), &id);
  Napi::Object result = outcome(env, {0, failed});
  if (failed != kCudaSuccess) return result;
  result.Set("block", id);
  result.Set("address", Napi::BigInt::New(env, static_cast<uint64_t>(delivery_->device->block(id)->address)));
  return result;
}

/** pin(bytes): { errno, result, block, buffer }. The buffer is not to be used after `release`, which detaches it. */
Napi::Value DeviceObject::pin(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (ended_) return refuse(env, "the device is closed");
  const size_t bytes = size_of(info[0]);
  uint32_t id = 0;
  const PinError error = delivery_->device->pin(bytes, &id);
  Napi::Object result = outcome(env, error);
  if (error) return result;
  const Block& block = *delivery_->device->block(id);
  Napi::ArrayBuffer buffer = Napi::ArrayBuffer::New(env, block.pinned->data(), bytes);
  if (buffer.IsEmpty()) {
    delivery_->device->release(id);
    return env.Undefined();
  }
  result.Set("block", id);
  result.Set("buffer", buffer);
  return result;
}

namespace {

/** Maps on a thread of libuv's pool, and resolves a promise with the block. */
class Mapper : public Napi::AsyncWorker {
 public:
  Mapper(Napi::Env env, std::shared_ptr<Device> device, int fd, uint64_t offset, size_t bytes)
      : Napi::AsyncWorker(env, "sluice-cuda-map"), deferred_(Napi::Promise::Deferred::New(env)), device_(std::move(device)), fd_(fd), offset_(offset), bytes_(bytes) {}
  Napi::Promise promise() const { return deferred_.Promise(); }

  void Execute() override { error_ = device_->map(fd_, offset_, bytes_, &map_); }
  void OnOK() override {
    Napi::Object result = outcome(Env(), error_);
    if (!error_) result.Set("block", device_->keep(std::move(map_), bytes_));
    deferred_.Resolve(result);
  }

 private:
  Napi::Promise::Deferred deferred_;
  std::shared_ptr<Device> device_;
  int fd_;
  uint64_t offset_;
  size_t bytes_;
  PinError error_;
  std::unique_ptr<Pinned> map_;
};

}  // namespace

/** map(fd, offset, bytes): a promise of { errno, result, block }. The descriptor and the device stay open until then. */
Napi::Value DeviceObject::map(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (ended_) return refuse(env, "the device is closed");
  bool lossless = false;
  const uint64_t offset = info[1].As<Napi::BigInt>().Uint64Value(&lossless);
  auto* mapper = new Mapper(env, delivery_->device, info[0].As<Napi::Number>().Int32Value(), offset, size_of(info[2]));
  const Napi::Promise promise = mapper->promise();
  mapper->Queue();
  return promise;
}

/** release(block, buffer or undefined): gives a result of the driver. */
Napi::Value DeviceObject::release(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (info[1].IsArrayBuffer()) info[1].As<Napi::ArrayBuffer>().Detach();
  return Napi::Number::New(env, ended_ ? kCudaSuccess : delivery_->device->release(info[0].As<Napi::Number>().Uint32Value()));
}

bool DeviceObject::address_of(Napi::Env env, Napi::Value place, double at, size_t bytes, CudaAddress* address) {
  size_t size = 0;
  if (place.IsArrayBuffer()) {
    // Kept alive by JavaScript, which holds it until the job is completed.
    auto buffer = place.As<Napi::ArrayBuffer>();
    *address = reinterpret_cast<CudaAddress>(buffer.Data());
    size = buffer.ByteLength();
  } else {
    const Block* block = delivery_->device->block(place.As<Napi::Number>().Uint32Value());
    if (block == nullptr) return refuse(env, "the block is released"), false;
    *address = block->address;
    size = block->size;
  }
  if (!(at >= 0) || static_cast<size_t>(at) > size || bytes > size - static_cast<size_t>(at)) return refuse(env, "the bytes lie outside of the memory"), false;
  *address += static_cast<size_t>(at);
  return true;
}

void DeviceObject::submit(Napi::Env env, const Job& job) {
  if (delivery_->in_flight++ == 0) delivery_->notifier.Ref(env);
  delivery_->device->submit(job);
}

/** copy(token, outward, to, toAt, from, fromAt, bytes): blocks by number, or ArrayBuffers. Starts, or throws. */
Napi::Value DeviceObject::copy(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (ended_) return refuse(env, "the device is closed");
  Job job;
  job.token = static_cast<uint64_t>(info[0].As<Napi::Number>().DoubleValue());
  job.direction = info[1].ToBoolean() ? Direction::out : Direction::in;
  job.bytes = size_of(info[6]);
  if (!address_of(env, info[2], info[3].As<Napi::Number>().DoubleValue(), job.bytes, &job.to)) return env.Undefined();
  if (!address_of(env, info[4], info[5].As<Napi::Number>().DoubleValue(), job.bytes, &job.from)) return env.Undefined();
  submit(env, job);
  return env.Undefined();
}

/** fill(token, block, at, bytes, value): sets bytes to a value. */
Napi::Value DeviceObject::fill(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (ended_) return refuse(env, "the device is closed");
  Job job;
  job.token = static_cast<uint64_t>(info[0].As<Napi::Number>().DoubleValue());
  job.bytes = size_of(info[3]);
  job.value = static_cast<unsigned char>(info[4].As<Napi::Number>().Uint32Value());
  if (!address_of(env, info[1], info[2].As<Napi::Number>().DoubleValue(), job.bytes, &job.to)) return env.Undefined();
  submit(env, job);
  return env.Undefined();
}

/** explain(result): { name, text }, in the driver's words. */
Napi::Value DeviceObject::explain(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const int result = info[0].As<Napi::Number>().Int32Value();
  Napi::Object words = Napi::Object::New(env);
  words.Set("name", name_of(*driver_, result));
  words.Set("text", text_of(*driver_, result));
  return words;
}

/** state(): { broken, context, available, total }. */
Napi::Value DeviceObject::state(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (ended_) return refuse(env, "the device is closed");
  size_t available = 0;
  size_t total = 0;
  delivery_->device->memory(&available, &total);
  Napi::Object result = Napi::Object::New(env);
  result.Set("broken", delivery_->device->broken());
  result.Set("context", Napi::BigInt::New(env, static_cast<uint64_t>(reinterpret_cast<uintptr_t>(delivery_->device->context()))));
  result.Set("available", static_cast<double>(available));
  result.Set("total", static_cast<double>(total));
  return result;
}

}  // namespace sluice
