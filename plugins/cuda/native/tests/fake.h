// What a fake library for tests has beside the functions that it fakes: it is a Node addon too, through which a test sets
// numbers, makes calls fail, and sees what is left. Loaded before the addon under test, it is the library of its SONAME.
#pragma once

#include <node_api.h>

#include <map>
#include <mutex>
#include <string>

namespace fake {

struct Fault {
  int result = 0;
  /** Calls that go well before. */
  int skip = 0;
  /** Every later call of the library fails with it too. */
  bool sticky = false;
};

inline std::mutex mutex;
inline std::map<std::string, Fault> faults;
inline std::map<std::string, double> numbers;
inline int sticky = 0;

/** A number that a test may have set, or that the library counts. */
inline double number(const char* name, double otherwise = 0) {
  std::lock_guard<std::mutex> lock(mutex);
  const auto found = numbers.find(name);
  return found == numbers.end() ? otherwise : found->second;
}
inline void count(const char* name, double by = 1) {
  std::lock_guard<std::mutex> lock(mutex);
  numbers[name] += by;
}

/** What a test lets this call fail with; 0 if it is to go well. */
inline int own_fault(const char* call) {
  std::lock_guard<std::mutex> lock(mutex);
  numbers[std::string("calls ") + call]++;
  const auto found = faults.find(call);
  if (found == faults.end() || found->second.skip-- > 0) return 0;
  const Fault raised = found->second;
  faults.erase(found);
  if (raised.sticky) sticky = raised.result;
  return raised.result;
}

/** The same, of a call that sees what sticks. */
inline int fault(const char* call) {
  const int own = own_fault(call);
  std::lock_guard<std::mutex> lock(mutex);
  return sticky != 0 ? sticky : own;
}

inline std::string text_of(napi_env env, napi_value value) {
  char text[256];
  size_t length = 0;
  napi_get_value_string_utf8(env, value, text, sizeof text, &length);
  return std::string(text, length);
}
inline double double_of(napi_env env, napi_value value) {
  double number = 0;
  napi_get_value_double(env, value, &number);
  return number;
}

/** fail(call, result, skip, sticky) */
inline napi_value fail(napi_env env, napi_callback_info info) {
  size_t count = 4;
  napi_value given[4];
  napi_get_cb_info(env, info, &count, given, nullptr, nullptr);
  bool lasts = false;
  napi_get_value_bool(env, given[3], &lasts);
  std::lock_guard<std::mutex> lock(mutex);
  faults[text_of(env, given[0])] = {static_cast<int>(double_of(env, given[1])), static_cast<int>(double_of(env, given[2])), lasts};
  return nullptr;
}

/** set(name, number) */
inline napi_value set(napi_env env, napi_callback_info info) {
  size_t count = 2;
  napi_value given[2];
  napi_get_cb_info(env, info, &count, given, nullptr, nullptr);
  std::lock_guard<std::mutex> lock(mutex);
  numbers[text_of(env, given[0])] = double_of(env, given[1]);
  return nullptr;
}

/** state(): every number. */
inline napi_value state(napi_env env, napi_callback_info) {
  napi_value object;
  napi_create_object(env, &object);
  std::lock_guard<std::mutex> lock(mutex);
  for (const auto& [name, value] : numbers) {
    napi_value number;
    napi_create_double(env, value, &number);
    napi_set_named_property(env, object, name.c_str(), number);
  }
  return object;
}

/** reset(): faults and numbers are forgotten. */
inline napi_value reset(napi_env, napi_callback_info) {
  std::lock_guard<std::mutex> lock(mutex);
  faults.clear();
  numbers.clear();
  sticky = 0;
  return nullptr;
}

inline napi_value define(napi_env env, napi_value exports) {
  const std::pair<const char*, napi_callback> functions[] = {{"fail", fail}, {"set", set}, {"state", state}, {"reset", reset}};
  for (const auto& [name, function] : functions) {
    napi_value value;
    napi_create_function(env, name, NAPI_AUTO_LENGTH, function, nullptr, &value);
    napi_set_named_property(env, exports, name, value);
  }
  return exports;
}

}  // namespace fake

NAPI_MODULE_INIT() { return fake::define(env, exports); }
