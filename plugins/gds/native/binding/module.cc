// The addon's exports: `load`, and the class `Engine`.
#include <napi.h>

#include "engine_object.h"

namespace {

const char* name_of(sluice::Lack lack) {
  switch (lack) {
    case sluice::Lack::none: return "none";
    case sluice::Lack::library: return "library";
    case sluice::Lack::symbol: return "symbol";
    case sluice::Lack::driver: return "driver";
    case sluice::Lack::open: return "open";
  }
  return "none";
}

/** load(mode, log): loads the library and opens its driver, once for the process. See `Loaded` in src/native.ts. */
Napi::Value load(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  auto mode = static_cast<sluice::Mode>(info[0].As<Napi::Number>().Int32Value());
  const sluice::Loaded loaded = sluice::load(sluice::kNvidia, info[1].As<Napi::String>().Utf8Value(), &mode);
  Napi::Object result = Napi::Object::New(env);
  result.Set("lack", name_of(loaded.lack));
  result.Set("text", loaded.text);
  result.Set("result", loaded.result.error);
  result.Set("driverResult", loaded.result.driver);
  result.Set("version", loaded.version);
  result.Set("mode", static_cast<int>(mode));
  const sluice::DriverProperties& properties = loaded.properties;
  result.Set("kernelVersion", std::to_string(properties.kernel.major) + "." + std::to_string(properties.kernel.minor));
  result.Set("status", properties.kernel.status);
  result.Set("control", properties.kernel.control);
  result.Set("features", properties.features);
  return result;
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  exports.Set("load", Napi::Function::New(env, load, "load"));
  exports.Set("Engine", sluice::EngineObject::define(env));
  return exports;
}

}  // namespace

NODE_API_MODULE(gds, init)
