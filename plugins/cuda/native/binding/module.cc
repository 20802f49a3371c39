// The addon's exports: `probe`, and the class `Device`.
#include <napi.h>

#include "device_object.h"

namespace {

const char* name_of(sluice::Lack lack) {
  switch (lack) {
    case sluice::Lack::none: return "none";
    case sluice::Lack::library: return "library";
    case sluice::Lack::symbol: return "symbol";
    case sluice::Lack::init: return "init";
    case sluice::Lack::version: return "version";
    case sluice::Lack::devices: return "devices";
  }
  return "none";
}

std::string spelled(const sluice::CudaUuid& uuid) {
  static const char digits[] = "0123456789abcdef";
  std::string text = "GPU-";
  for (size_t i = 0; i < sizeof uuid.bytes; i++) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += digits[uuid.bytes[i] >> 4];
    text += digits[uuid.bytes[i] & 15];
  }
  return text;
}

/** Null where the driver does not tell of it. */
Napi::Value describe(Napi::Env env, const sluice::Driver& driver, int ordinal) {
  sluice::CudaOrdinal device = 0;
  char name[256] = {};
  sluice::CudaUuid uuid{};
  size_t bytes = 0;
  int major = 0;
  int minor = 0;
  int read_only = 0;
  if (driver.device_get(&device, ordinal) != sluice::kCudaSuccess || driver.device_name(name, sizeof name - 1, device) != sluice::kCudaSuccess) return env.Null();
  if (driver.device_uuid(&uuid, device) != sluice::kCudaSuccess || driver.device_memory(&bytes, device) != sluice::kCudaSuccess) return env.Null();
  driver.device_attribute(&major, sluice::kCudaComputeMajor, device);
  driver.device_attribute(&minor, sluice::kCudaComputeMinor, device);
  driver.device_attribute(&read_only, sluice::kCudaHostReadOnlySupported, device);
  Napi::Object described = Napi::Object::New(env);
  described.Set("ordinal", ordinal);
  described.Set("name", name);
  described.Set("uuid", spelled(uuid));
  described.Set("bytes", static_cast<double>(bytes));
  described.Set("capability", std::to_string(major) + "." + std::to_string(minor));
  described.Set("mapsFiles", read_only != 0);
  return described;
}

/** probe(): loads the driver. { lack, text, result, resultName, version, devices }; lack `none` means that it can be used. */
Napi::Value probe(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const sluice::Loaded loaded = sluice::load_driver();
  Napi::Object result = Napi::Object::New(env);
  result.Set("lack", name_of(loaded.lack));
  result.Set("text", loaded.text);
  result.Set("result", loaded.result);
  result.Set("version", loaded.version);
  Napi::Array devices = Napi::Array::New(env);
  if (loaded.driver != nullptr) {
    for (int i = 0; i < loaded.devices; i++) devices.Set(static_cast<uint32_t>(i), describe(env, *loaded.driver, i));
  }
  result.Set("devices", devices);
  return result;
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  exports.Set("probe", Napi::Function::New(env, probe, "probe"));
  exports.Set("Device", sluice::DeviceObject::define(env));
  return exports;
}

}  // namespace

NODE_API_MODULE(cuda, init)
