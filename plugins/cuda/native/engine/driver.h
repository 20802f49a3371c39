// The part of the CUDA driver's interface that is used here, as a table of functions that are looked up in libcuda at run time.
// Declared from the driver API's public documentation: nothing of CUDA is needed to build this, or to load it.
#pragma once

#include <cstddef>
#include <string>

namespace sluice {

/** A CUresult; 0 is success. */
using CudaResult = int;
using CudaAddress = unsigned long long;
using CudaOrdinal = int;
struct CudaContextTag;
struct CudaStreamTag;
struct CudaEventTag;
using CudaContext = CudaContextTag*;
using CudaStream = CudaStreamTag*;
using CudaEvent = CudaEventTag*;
struct CudaUuid {
  unsigned char bytes[16];
};

// Values of the driver's enumerations and flags.
constexpr CudaResult kCudaSuccess = 0;
constexpr CudaResult kCudaOutOfMemory = 2;
constexpr CudaResult kCudaNotReady = 600;
constexpr unsigned kCudaStreamNonBlocking = 1;
constexpr unsigned kCudaEventBlockingSync = 1;
constexpr unsigned kCudaEventDisableTiming = 2;
constexpr unsigned kCudaHostPortable = 1;
constexpr unsigned kCudaHostDeviceMap = 2;
constexpr unsigned kCudaHostReadOnly = 8;
constexpr int kCudaComputeMajor = 75;
constexpr int kCudaComputeMinor = 76;
constexpr int kCudaHostReadOnlySupported = 113;

/** Drivers below 11.1 have no read-only registration of host memory. */
constexpr int kOldestDriver = 11010;

struct Driver {
  CudaResult (*init)(unsigned flags);
  CudaResult (*version)(int* version);
  CudaResult (*device_count)(int* count);
  CudaResult (*device_get)(CudaOrdinal* device, int ordinal);
  CudaResult (*device_name)(char* name, int length, CudaOrdinal device);
  CudaResult (*device_uuid)(CudaUuid* uuid, CudaOrdinal device);
  CudaResult (*device_memory)(size_t* bytes, CudaOrdinal device);
  CudaResult (*device_attribute)(int* value, int attribute, CudaOrdinal device);
  CudaResult (*context_retain)(CudaContext* context, CudaOrdinal device);
  CudaResult (*context_release)(CudaOrdinal device);
  CudaResult (*context_push)(CudaContext context);
  CudaResult (*context_pop)(CudaContext* context);
  CudaResult (*memory_info)(size_t* available, size_t* total);
  CudaResult (*allocate)(CudaAddress* at, size_t bytes);
  CudaResult (*free)(CudaAddress at);
  CudaResult (*host_register)(void* at, size_t bytes, unsigned flags);
  CudaResult (*host_unregister)(void* at);
  CudaResult (*host_address)(CudaAddress* at, void* host, unsigned flags);
  CudaResult (*copy)(CudaAddress to, CudaAddress from, size_t bytes, CudaStream stream);
  CudaResult (*fill)(CudaAddress at, unsigned char value, size_t bytes, CudaStream stream);
  CudaResult (*stream_create)(CudaStream* stream, unsigned flags);
  CudaResult (*stream_destroy)(CudaStream stream);
  CudaResult (*event_create)(CudaEvent* event, unsigned flags);
  CudaResult (*event_destroy)(CudaEvent event);
  CudaResult (*event_record)(CudaEvent event, CudaStream stream);
  CudaResult (*event_wait)(CudaEvent event);
  CudaResult (*event_query)(CudaEvent event);
  CudaResult (*error_name)(CudaResult result, const char** name);
  CudaResult (*error_text)(CudaResult result, const char** text);
};

/** What keeps the driver from being used. */
enum class Lack { none, library, symbol, init, version, devices };

struct Loaded {
  /** Null where something lacks. */
  const Driver* driver = nullptr;
  Lack lack = Lack::none;
  /** What the loader says, or the name of the function that is missing. */
  std::string text;
  CudaResult result = kCudaSuccess;
  /** 1000 * major + 10 * minor of the CUDA version that the driver is for; 0 if unknown. */
  int version = 0;
  int devices = 0;
};

/** The driver of this process: libcuda is loaded once, and initialised again until that succeeds. */
Loaded load_driver();

/** The name and text that the driver has for a result, e.g. `CUDA_ERROR_OUT_OF_MEMORY` and `out of memory`. */
std::string name_of(const Driver& driver, CudaResult result);
std::string text_of(const Driver& driver, CudaResult result);

/** After one of these a context is of no use any more, and nothing that was asked of it is known to have happened. */
bool is_sticky(CudaResult result);

}  // namespace sluice
