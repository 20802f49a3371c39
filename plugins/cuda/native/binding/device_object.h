// A device as a JavaScript object. Nothing here knows more than how to carry values over the border.
#pragma once

#include <napi.h>

#include <cstdint>
#include <memory>

#include "../engine/device.h"

namespace sluice {

struct Delivery;
/** Calls the JavaScript callback when it has written completions that have come in to its array, as rows of two numbers. */
void deliver_completions(Napi::Env env, Napi::Function callback, Delivery* delivery, void*);
using Notifier = Napi::TypedThreadSafeFunction<Delivery, void, deliver_completions>;

/** What the thread-safe function's callback needs: that, and the object, hold it. */
struct Delivery {
  /** A map that is being made holds it too: the environment may go down meanwhile. */
  std::shared_ptr<Device> device;
  Notifier notifier;
  Napi::Reference<Napi::Float64Array> completions;
  /** Jobs that JavaScript waits for: for them the process stays alive. */
  size_t in_flight = 0;
};

class DeviceObject : public Napi::ObjectWrap<DeviceObject> {
 public:
  static Napi::Function define(Napi::Env env);
  /** `new Device(ordinal, callback, completions)`; throws an Error with `result`, `resultName` and `errno` where it cannot be opened. */
  explicit DeviceObject(const Napi::CallbackInfo& info);
  ~DeviceObject() override;

 private:
  Napi::Value allocate(const Napi::CallbackInfo& info);
  Napi::Value pin(const Napi::CallbackInfo& info);
  Napi::Value map(const Napi::CallbackInfo& info);
  Napi::Value release(const Napi::CallbackInfo& info);
  Napi::Value copy(const Napi::CallbackInfo& info);
  Napi::Value fill(const Napi::CallbackInfo& info);
  Napi::Value explain(const Napi::CallbackInfo& info);
  Napi::Value state(const Napi::CallbackInfo& info);
  Napi::Value close(const Napi::CallbackInfo& info);

  static void at_exit(napi_async_cleanup_hook_handle handle, void* self);
  void end();
  void submit(Napi::Env env, const Job& job);
  /** The address of `bytes` from `at` on in a block, or in an ArrayBuffer; false, with an exception pending, if they are not all there. */
  bool address_of(Napi::Env env, Napi::Value place, double at, size_t bytes, CudaAddress* address);

  const Driver* driver_ = nullptr;
  std::shared_ptr<Delivery> delivery_{new Delivery};
  napi_async_cleanup_hook_handle exit_hook_ = nullptr;
  bool ended_ = true;
};

}  // namespace sluice
