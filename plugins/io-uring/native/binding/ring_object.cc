#include "ring_object.h"

#include <fcntl.h>

#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

namespace sluice {
namespace {

// Columns of a row that `submit` takes, and of one that the callback is given.
enum Column { kToken, kKind, kFile, kPlace, kAt, kLength, kOffsetHigh, kOffsetLow, kLead, kSlack, kPadding, kPlain, kColumns };
constexpr size_t kCompletionColumns = 5;

Napi::Value refuse(Napi::Env env, const char* message) {
  Napi::TypeError::New(env, message).ThrowAsJavaScriptException();
  return env.Undefined();
}

const char* name_of(Pages pages) {
  switch (pages) {
    case Pages::hugetlb: return "hugetlb";
    case Pages::transparent: return "transparent";
    case Pages::small: return "small";
  }
  return "small";
}

/** A descriptor of our own, whoever closes the given one, and one that never answers EAGAIN. */
int own(int fd) {
  if (fd < 0) return -1;
  const int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
  if (copy >= 0) fcntl(copy, F_SETFL, fcntl(copy, F_GETFL) & ~O_NONBLOCK);
  return copy;
}

/** True if `at`, `length` and what may be overwritten around them lie within `size` bytes. */
bool within(const Piece& piece, const std::byte* base, size_t size, uint32_t padding) {
  const auto at = static_cast<uint64_t>(piece.at - base);
  return piece.lead <= at && at <= size && piece.length <= size - at && std::max(piece.slack, padding) <= size - at - piece.length;
}

}  // namespace

const char* stage_name(Stage stage) {
  switch (stage) {
    case Stage::none: return "none";
    case Stage::setup: return "setup";
    case Stage::map: return "map";
    case Stage::probe: return "probe";
    case Stage::enter: return "enter";
    case Stage::wake: return "wake";
    case Stage::thread: return "thread";
  }
  return "none";
}

void deliver_completions(Napi::Env env, Napi::Function callback, Delivery* delivery, void*) {
  // During teardown there is nobody to tell.
  if (env == nullptr || callback == nullptr || delivery->engine == nullptr) return;
  const std::vector<Completion> done = delivery->engine->take();
  if (done.empty()) return;
  delivery->ended(env, done.size());
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
      *row++ = done[i].error;
      *row++ = static_cast<double>(done[i].transferred);
      *row++ = static_cast<double>(done[i].direct);
      *row++ = static_cast<double>(done[i].buffered);
    }
    napi_value count = nullptr;
    if (napi_create_double(env, static_cast<double>(to - from), &count) != napi_ok) return;
    if (napi_call_function(env, self, callback, 1, &count, nullptr) == napi_ok) continue;
    // Left pending, an exception would be dropped by Node, with a warning (DEP0168), and so would the rows that are left.
    napi_value error = nullptr;
    if (napi_get_and_clear_last_exception(env, &error) != napi_ok || napi_fatal_exception(env, error) != napi_ok) return;
  }
}

void Delivery::started(Napi::Env env, size_t count) {
  if (in_flight == 0 && count > 0) notifier.Ref(env);
  in_flight += count;
}

void Delivery::ended(Napi::Env env, size_t count) {
  in_flight -= count;
  if (in_flight == 0) notifier.Unref(env);
}

Napi::Function RingObject::define(Napi::Env env) {
  return DefineClass(env, "Ring", {
    InstanceMethod("map", &RingObject::map),
    InstanceMethod("unmap", &RingObject::unmap),
    InstanceMethod("openFile", &RingObject::open_file),
    InstanceMethod("sizeOfFile", &RingObject::size_of_file),
    InstanceMethod("closeFile", &RingObject::close_file),
    InstanceMethod("submit", &RingObject::submit),
    InstanceMethod("gather", &RingObject::gather),
    InstanceMethod("cancel", &RingObject::cancel),
    InstanceMethod("state", &RingObject::state),
    InstanceMethod("close", &RingObject::close),
  });
}

RingObject::RingObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<RingObject>(info) {
  const Napi::Env env = info.Env();
  auto* held = new std::shared_ptr<Delivery>(delivery_);
  delivery_->completions = Napi::Persistent(info[1].As<Napi::Float64Array>());
  Notifier& notifier = delivery_->notifier;
  notifier = Notifier::New(env, info[0].As<Napi::Function>(), "sluice-io-uring", 0, 1, delivery_.get(), [](Napi::Env, std::shared_ptr<Delivery>* ending, Delivery*) { delete ending; }, held);
  notifier.Unref(env);
  RingError error;
  delivery_->engine = Engine::start([notifier]() mutable { notifier.NonBlockingCall(); }, &error);
  if (delivery_->engine == nullptr) {
    notifier.Release();
    Napi::Error failure = Napi::Error::New(env, "io_uring is not available");
    failure.Set("stage", stage_name(error.stage));
    failure.Set("errno", static_cast<double>(error.error));
    failure.ThrowAsJavaScriptException();
    return;
  }
  ended_ = false;
  // Hooks run last in, first out: this one after the function's own is made, so before that is torn down.
  if (napi_add_async_cleanup_hook(env, at_exit, this, &exit_hook_) != napi_ok) exit_hook_ = nullptr;
}

RingObject::~RingObject() { end(); }

/** The environment goes down, perhaps in the middle of transfers: the kernel has to let go of all memory first. */
void RingObject::at_exit(napi_async_cleanup_hook_handle, void* self) { static_cast<RingObject*>(self)->end(); }

void RingObject::end() {
  if (ended_) return;
  ended_ = true;
  delivery_->engine->stop();
  if (exit_hook_ != nullptr) napi_remove_async_cleanup_hook(std::exchange(exit_hook_, nullptr));
  files_.clear();
  slabs_.clear();
  delivery_->notifier.Release();
}

Napi::Value RingObject::close(const Napi::CallbackInfo& info) {
  end();
  return info.Env().Undefined();
}

Napi::Value RingObject::map(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (ended_) return refuse(env, "the ring is closed");
  Napi::Object result = Napi::Object::New(env);
  int error = 0;
  std::shared_ptr<Slab> slab = Slab::map(static_cast<size_t>(info[0].As<Napi::Number>().Int64Value()), &error);
  result.Set("errno", error);
  if (slab == nullptr) return result;
  const size_t visible = std::min(slab->size(), static_cast<size_t>(info[1].As<Napi::Number>().Int64Value()));
  // Held by the buffer until it is detached, by us and by transfers: unmapped when the last one lets go.
  const auto shown = std::shared_ptr<Shown>(new Shown{slab});
  auto* holder = new std::shared_ptr<Shown>(shown);
  Napi::ArrayBuffer buffer = Napi::ArrayBuffer::New(env, slab->data(), visible, [](Napi::Env, void*, std::shared_ptr<Shown>* held) { delete held; }, holder);
  if (buffer.IsEmpty()) {
    delete holder;
    return env.Undefined();
  }
  const uint32_t id = next_id_++;
  slabs_.emplace(id, Mapped{slab, shown});
  result.Set("slab", id);
  result.Set("buffer", buffer);
  result.Set("pages", name_of(slab->pages()));
  result.Set("registration", delivery_->engine->register_slab(slab));
  return result;
}

Napi::Value RingObject::unmap(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto found = slabs_.find(info[0].As<Napi::Number>().Uint32Value());
  if (found != slabs_.end()) {
    if (!ended_) delivery_->engine->unregister_slab(found->second.slab);
    info[1].As<Napi::ArrayBuffer>().Detach();
    // At once, not when the collector gets round to the buffer.
    found->second.shown->slab = nullptr;
    slabs_.erase(found);
  }
  return env.Undefined();
}

/** openFile(buffered, direct or -1, readable, writable): keeps descriptors of its own. { errno, file } */
Napi::Value RingObject::open_file(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (ended_) return refuse(env, "the ring is closed");
  Napi::Object result = Napi::Object::New(env);
  const int buffered = own(info[0].As<Napi::Number>().Int32Value());
  int error = buffered < 0 ? errno : 0;
  const int given = info[1].As<Napi::Number>().Int32Value();
  const int direct = error == 0 ? own(given) : -1;
  if (error == 0 && given >= 0 && direct < 0) error = errno;
  const std::shared_ptr<File> file(new File(buffered, direct, info[2].ToBoolean(), info[3].ToBoolean(), buffered < 0 ? Alignment{} : alignment_of(buffered)));
  result.Set("errno", error);
  if (error != 0) return result;
  const uint32_t id = next_id_++;
  files_.emplace(id, file);
  result.Set("file", id);
  return result;
}

Napi::Value RingObject::size_of_file(const Napi::CallbackInfo& info) {
  const auto found = files_.find(info[0].As<Napi::Number>().Uint32Value());
  return Napi::BigInt::New(info.Env(), found == files_.end() ? int64_t{-EBADF} : size_of(found->second->buffered()));
}

Napi::Value RingObject::close_file(const Napi::CallbackInfo& info) {
  const auto found = files_.find(info[0].As<Napi::Number>().Uint32Value());
  if (found == files_.end()) return Napi::Number::New(info.Env(), 0);
  const std::shared_ptr<File> file = std::move(found->second);
  files_.erase(found);
  // Where a transfer still has it, the last one closes it.
  return Napi::Number::New(info.Env(), file.use_count() == 1 ? file->close() : 0);
}

bool RingObject::with_file(Napi::Env env, Transfer& transfer, uint32_t id) {
  const auto found = files_.find(id);
  if (found == files_.end()) return refuse(env, "the file is closed"), false;
  const File& file = *found->second;
  if (transfer.kind == Kind::read ? !file.readable() : transfer.kind == Kind::write && !file.writable()) return refuse(env, "the file was opened without that right"), false;
  transfer.file = found->second;
  return true;
}

bool RingObject::with_memory(Napi::Env env, Transfer& transfer, double place, double at, const Napi::Array& foreign) {
  std::byte* base = nullptr;
  size_t size = 0;
  if (place >= 0) {
    const auto found = slabs_.find(static_cast<uint32_t>(place));
    if (found == slabs_.end()) return refuse(env, "the slab is unmapped"), false;
    transfer.slab = found->second.slab;
    base = transfer.slab->data();
    size = transfer.slab->size();
  } else {
    // Kept alive by JavaScript, which holds it until the transfer is completed.
    const Napi::Value value = foreign.Get(static_cast<uint32_t>(-1 - place));
    if (!value.IsArrayBuffer()) return refuse(env, "the memory is no ArrayBuffer"), false;
    base = static_cast<std::byte*>(value.As<Napi::ArrayBuffer>().Data());
    size = value.As<Napi::ArrayBuffer>().ByteLength();
  }
  const auto from = static_cast<uint64_t>(at);
  if (from > size) return refuse(env, "the memory is too short"), false;
  Piece& piece = transfer.piece;
  piece.at = base + from;
  if (!within(piece, base, size, transfer.padding)) return refuse(env, "the memory is too short"), false;
  if (piece.offset > INT64_MAX || piece.length > INT64_MAX - piece.offset) return refuse(env, "the range ends past 2^63-1"), false;
  return true;
}

/** submit(group, rows: Float64Array, count, foreign: ArrayBuffer[]): the first `count` rows, all of them, or an exception and none. */
Napi::Value RingObject::submit(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (ended_) return refuse(env, "the ring is closed");
  const auto rows = info[1].As<Napi::Float64Array>();
  const size_t count = std::min<size_t>(info[2].As<Napi::Number>().Uint32Value(), rows.ElementLength() / kColumns);
  const auto foreign = info[3].As<Napi::Array>();
  std::vector<std::unique_ptr<Transfer>> batch;
  batch.reserve(count);
  const double* end = rows.Data() + count * kColumns;
  for (const double* row = rows.Data(); row != end; row += kColumns) {
    auto transfer = std::make_unique<Transfer>();
    transfer->token = static_cast<uint64_t>(row[kToken]);
    transfer->group = info[0].As<Napi::Number>().Uint32Value();
    transfer->kind = static_cast<Kind>(row[kKind]);
    if (!with_file(env, *transfer, static_cast<uint32_t>(row[kFile]))) return env.Undefined();
    if (transfer->kind != Kind::sync) {
      Piece& piece = transfer->piece;
      piece.offset = static_cast<uint64_t>(row[kOffsetHigh]) << 32 | static_cast<uint64_t>(row[kOffsetLow]);
      piece.length = static_cast<uint64_t>(row[kLength]);
      piece.lead = static_cast<uint32_t>(row[kLead]);
      piece.slack = static_cast<uint32_t>(row[kSlack]);
      transfer->padding = static_cast<uint32_t>(row[kPadding]);
      transfer->plain = row[kPlain] != 0;
      if (!with_memory(env, *transfer, row[kPlace], row[kAt], foreign)) return env.Undefined();
    }
    batch.push_back(std::move(transfer));
  }
  delivery_->started(env, count);
  delivery_->engine->submit(std::move(batch));
  return env.Undefined();
}

/** gather(group, row, foreign, offsets: BigUint64Array, lengths: BigUint64Array): offsets from the row's on; the lengths add up to the row's. */
Napi::Value RingObject::gather(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (ended_) return refuse(env, "the ring is closed");
  const double* row = info[1].As<Napi::Float64Array>().Data();
  const auto offsets = info[3].As<Napi::BigUint64Array>();
  const auto lengths = info[4].As<Napi::BigUint64Array>();
  auto transfer = std::make_unique<Transfer>();
  transfer->token = static_cast<uint64_t>(row[kToken]);
  transfer->group = info[0].As<Napi::Number>().Uint32Value();
  transfer->padding = static_cast<uint32_t>(row[kPadding]);
  transfer->piece.length = static_cast<uint64_t>(row[kLength]);
  if (!with_file(env, *transfer, static_cast<uint32_t>(row[kFile]))) return env.Undefined();
  if (!with_memory(env, *transfer, row[kPlace], row[kAt], info[2].As<Napi::Array>())) return env.Undefined();
  const uint64_t base = static_cast<uint64_t>(row[kOffsetHigh]) << 32 | static_cast<uint64_t>(row[kOffsetLow]);
  std::byte* at = transfer->piece.at;
  uint64_t left = transfer->piece.length;
  transfer->pieces.reserve(offsets.ElementLength() + 1);
  for (size_t i = 0; i < offsets.ElementLength() && i < lengths.ElementLength(); i++) {
    const uint64_t offset = offsets.Data()[i];
    const uint64_t length = lengths.Data()[i];
    if (length > left || offset > INT64_MAX - base || length > INT64_MAX - base - offset) return refuse(env, "a piece lies outside the file or the memory");
    transfer->pieces.push_back({base + offset, at, length, 0, 0});
    at += length;
    left -= length;
  }
  if (left > 0) return refuse(env, "the pieces are shorter than the memory");
  transfer->piece.length = 0;
  std::vector<std::unique_ptr<Transfer>> batch;
  batch.push_back(std::move(transfer));
  delivery_->started(env, 1);
  delivery_->engine->submit(std::move(batch));
  return env.Undefined();
}

Napi::Value RingObject::cancel(const Napi::CallbackInfo& info) {
  if (!ended_) delivery_->engine->cancel(info[0].As<Napi::Number>().Uint32Value());
  return info.Env().Undefined();
}

Napi::Value RingObject::state(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Engine& engine = *delivery_->engine;
  Napi::Object result = Napi::Object::New(env);
  const Counters& counters = engine.counters();
  result.Set("broken", engine.broken());
  result.Set("setupFlags", engine.setup_flags());
  result.Set("enters", static_cast<double>(counters.enters.load()));
  result.Set("requests", static_cast<double>(counters.requests.load()));
  result.Set("registered", static_cast<double>(counters.registered.load()));
  return result;
}

}  // namespace sluice
