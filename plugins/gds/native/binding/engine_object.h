// The engine as a JavaScript object. Nothing here knows more than how to carry values over the border.
#pragma once

#include <napi.h>

#include <cstdint>
#include <memory>
#include <unordered_map>

#include "../engine/engine.h"

namespace sluice {

struct Delivery;
/** Calls the JavaScript callback when it has written completions that have come in to its array, as rows of seven numbers. */
void deliver_completions(Napi::Env env, Napi::Function callback, Delivery* delivery, void*);
using Notifier = Napi::TypedThreadSafeFunction<Delivery, void, deliver_completions>;

/** What the thread-safe function's callback needs: that, and the object, hold it. */
struct Delivery {
  std::unique_ptr<Engine> engine;
  Notifier notifier;
  Napi::Reference<Napi::Float64Array> completions;
  /** Transfers that JavaScript waits for: for them the process stays alive. */
  size_t in_flight = 0;
};

class EngineObject : public Napi::ObjectWrap<EngineObject> {
 public:
  static Napi::Function define(Napi::Env env);
  /** `new Engine(context, callback, completions)`; throws where `load` has not gone well, or no thread starts. */
  explicit EngineObject(const Napi::CallbackInfo& info);
  ~EngineObject() override;

 private:
  Napi::Value open_file(const Napi::CallbackInfo& info);
  Napi::Value size_of_file(const Napi::CallbackInfo& info);
  Napi::Value descriptor_of_file(const Napi::CallbackInfo& info);
  Napi::Value close_file(const Napi::CallbackInfo& info);
  Napi::Value register_buffer(const Napi::CallbackInfo& info);
  Napi::Value deregister_buffer(const Napi::CallbackInfo& info);
  Napi::Value submit(const Napi::CallbackInfo& info);
  Napi::Value cancel(const Napi::CallbackInfo& info);
  Napi::Value close(const Napi::CallbackInfo& info);

  static void at_exit(napi_async_cleanup_hook_handle handle, void* self);
  void end();

  Loaded loaded_;
  Context context_ = nullptr;
  std::shared_ptr<Delivery> delivery_{new Delivery};
  napi_async_cleanup_hook_handle exit_hook_ = nullptr;
  bool ended_ = true;
  uint32_t next_id_ = 0;
  std::unordered_map<uint32_t, std::shared_ptr<File>> files_;
};

}  // namespace sluice
