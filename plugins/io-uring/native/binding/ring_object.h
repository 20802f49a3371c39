// The engine as a JavaScript object. Nothing here knows more than how to carry values over the border.
#pragma once

#include <napi.h>

#include <cstdint>
#include <memory>
#include <unordered_map>

#include "../engine/engine.h"

namespace sluice {

struct Delivery;
/** Calls the JavaScript callback when it has written completions that have come in to its array, as rows of five numbers. */
void deliver_completions(Napi::Env env, Napi::Function callback, Delivery* delivery, void*);
using Notifier = Napi::TypedThreadSafeFunction<Delivery, void, deliver_completions>;

/** What the thread-safe function's callback needs: that, and the object, hold it. */
struct Delivery {
  std::unique_ptr<Engine> engine;
  Notifier notifier;
  Napi::Reference<Napi::Float64Array> completions;
  /** Transfers that JavaScript waits for: for them the process stays alive. */
  size_t in_flight = 0;

  void started(Napi::Env env, size_t count);
  void ended(Napi::Env env, size_t count);
};

class RingObject : public Napi::ObjectWrap<RingObject> {
 public:
  static Napi::Function define(Napi::Env env);
  /** `new Ring(callback)`; throws an Error with `stage` and `errno` where there is no ring to be had. */
  explicit RingObject(const Napi::CallbackInfo& info);
  ~RingObject() override;

 private:
  Napi::Value map(const Napi::CallbackInfo& info);
  Napi::Value unmap(const Napi::CallbackInfo& info);
  Napi::Value open_file(const Napi::CallbackInfo& info);
  Napi::Value size_of_file(const Napi::CallbackInfo& info);
  Napi::Value close_file(const Napi::CallbackInfo& info);
  Napi::Value submit(const Napi::CallbackInfo& info);
  Napi::Value gather(const Napi::CallbackInfo& info);
  Napi::Value cancel(const Napi::CallbackInfo& info);
  Napi::Value state(const Napi::CallbackInfo& info);
  Napi::Value close(const Napi::CallbackInfo& info);

  /** What a buffer shows, until it is detached. */
  struct Shown {
    std::shared_ptr<Slab> slab;
  };
  struct Mapped {
    std::shared_ptr<Slab> slab;
    std::shared_ptr<Shown> shown;
  };

  static void at_exit(napi_async_cleanup_hook_handle handle, void* self);
  void end();
  /** Fills in the file of a transfer; false, with an exception pending, if it may not do that. */
  bool with_file(Napi::Env env, Transfer& transfer, uint32_t file);
  /** Fills in memory: of slab `place` where that is not negative, else of `foreign[-1 - place]`. */
  bool with_memory(Napi::Env env, Transfer& transfer, double place, double at, const Napi::Array& foreign);

  std::shared_ptr<Delivery> delivery_{new Delivery};
  napi_async_cleanup_hook_handle exit_hook_ = nullptr;
  bool ended_ = true;
  uint32_t next_id_ = 0;
  std::unordered_map<uint32_t, Mapped> slabs_;
  std::unordered_map<uint32_t, std::shared_ptr<File>> files_;
};

const char* stage_name(Stage stage);

}  // namespace sluice
