// The addon's exports: `probe`, `inspect`, and the class `Ring`.
#include <napi.h>

#include "ring_object.h"

namespace {

/** probe(): sets up a ring, makes a round trip and takes it down again. { stage, errno }; stage `none` means that it works. */
Napi::Value probe(const Napi::CallbackInfo& info) {
  sluice::Ring ring;
  const sluice::RingError error = ring.open(2);
  Napi::Object result = Napi::Object::New(info.Env());
  result.Set("stage", sluice::stage_name(error.stage));
  result.Set("errno", error.error);
  return result;
}

/** inspect(fd): what its direct transfers must be multiples of, and how much of it is in the page cache (-1: unknown). */
Napi::Value inspect(const Napi::CallbackInfo& info) {
  const int fd = info[0].As<Napi::Number>().Int32Value();
  const sluice::Alignment alignment = sluice::alignment_of(fd);
  const int64_t size = sluice::size_of(fd);
  Napi::Object result = Napi::Object::New(info.Env());
  result.Set("memoryAlign", alignment.memory);
  result.Set("offsetAlign", alignment.offset);
  result.Set("alignmentKnown", alignment.known);
  result.Set("directSupported", alignment.supported);
  result.Set("resident", size > 0 ? sluice::resident_part(fd, static_cast<uint64_t>(size)) : -1.0);
  return result;
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  exports.Set("probe", Napi::Function::New(env, probe, "probe"));
  exports.Set("inspect", Napi::Function::New(env, inspect, "inspect"));
  exports.Set("Ring", sluice::RingObject::define(env));
  return exports;
}

}  // namespace

NODE_API_MODULE(io_uring, init)
