// SPDX-License-Identifier: Apache-2.0
// Initialisation, errors and devices. The environment orders what a machine may answer:
//
//   TRTN_STANDIN_CUDA_INIT     result of cuInit, default 0 (100 no device, 803 mismatch, 34 stub, 999
//   unknown) TRTN_STANDIN_CUDA_VERSION  version of the driver, default 13000 TRTN_STANDIN_CUDA_DEVICES number
//   of devices, default 0 TRTN_STANDIN_CUDA_COUNT    result of cuDeviceGetCount, default 0
#include <dlfcn.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "call.h"

namespace standin {
namespace {

int Ordered(const char* name, int otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr && *text != '\0' ? std::atoi(text) : otherwise;
}

int DeviceCount() { return std::min(Ordered("TRTN_STANDIN_CUDA_DEVICES", 0), kMaxDevices); }

struct ErrorText {
  CUresult result;
  const char* name;
  const char* text;
};

constexpr ErrorText kErrors[] = {
    {0, "CUDA_SUCCESS", "no error"},
    {1, "CUDA_ERROR_INVALID_VALUE", "invalid argument"},
    {2, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"},
    {3, "CUDA_ERROR_NOT_INITIALIZED", "initialization error"},
    {34, "CUDA_ERROR_STUB_LIBRARY", "CUDA driver is a stub library"},
    {35, "CUDA_ERROR_CALL_REQUIRES_NEWER_DRIVER", "a newer driver is needed"},
    {46, "CUDA_ERROR_DEVICE_UNAVAILABLE", "CUDA-capable device(s) is/are busy or unavailable"},
    {100, "CUDA_ERROR_NO_DEVICE", "no CUDA-capable device is detected"},
    {101, "CUDA_ERROR_INVALID_DEVICE", "invalid device ordinal"},
    {201, "CUDA_ERROR_INVALID_CONTEXT", "invalid device context"},
    {214, "CUDA_ERROR_ECC_UNCORRECTABLE", "uncorrectable ECC error encountered"},
    {209, "CUDA_ERROR_NO_BINARY_FOR_GPU", "no kernel image is available for execution on the device"},
    {218, "CUDA_ERROR_INVALID_PTX", "a PTX JIT compilation failed"},
    {400, "CUDA_ERROR_INVALID_HANDLE", "invalid resource handle"},
    {500, "CUDA_ERROR_NOT_FOUND", "named symbol not found"},
    {600, "CUDA_ERROR_NOT_READY", "device not ready"},
    {700, "CUDA_ERROR_ILLEGAL_ADDRESS", "an illegal memory access was encountered"},
    {702, "CUDA_ERROR_LAUNCH_TIMEOUT", "the launch timed out and was terminated"},
    {719, "CUDA_ERROR_LAUNCH_FAILED", "unspecified launch failure"},
    {800, "CUDA_ERROR_NOT_PERMITTED", "operation not permitted"},
    {801, "CUDA_ERROR_NOT_SUPPORTED", "operation not supported"},
    {802, "CUDA_ERROR_SYSTEM_NOT_READY", "system not yet initialized"},
    {803, "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH",
     "system has unsupported display driver / cuda driver combination"},
    {900, "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED", "operation not permitted when stream is capturing"},
    {901, "CUDA_ERROR_STREAM_CAPTURE_INVALIDATED", "operation failed due to a previous error during capture"},
    {904, "CUDA_ERROR_STREAM_CAPTURE_UNJOINED", "capturing stream has unjoined work"},
    {905, "CUDA_ERROR_STREAM_CAPTURE_ISOLATION", "dependency created on uncaptured work in another stream"},
    {907, "CUDA_ERROR_CAPTURED_EVENT",
     "operation not permitted on an event last recorded in a capturing stream"},
    {910, "CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE", "the graph update was not performed"},
    {999, "CUDA_ERROR_UNKNOWN", "unknown error"}};

const ErrorText* FindError(CUresult result) {
  for (const ErrorText& error : kErrors) {
    if (error.result == result) return &error;
  }
  return nullptr;
}

CUresult CheckDevice(const Call& call, CUdevice device) {
  if (device < 0 || device >= DeviceCount())
    return call.Fail(kInvalidDevice, "is given a device that is not there");
  return kSuccess;
}

bool Attribute(const Configuration& configuration, int attribute, CUdevice device, int* value) {
  switch (attribute) {
    case 16:  // multiprocessors
      *value = configuration.is_mig ? 16 : 132;
      return true;
    case 18:  // integrated
      *value = configuration.is_integrated;
      return true;
    case 19:  // can map host memory
    case 31:  // concurrent kernels
    case 41:  // unified addressing
      *value = 1;
      return true;
    case 33:  // PCI bus
      *value = 0x17 + device;
      return true;
    case 34:  // PCI device
    case 50:  // PCI domain
      *value = 0;
      return true;
    case 40:  // copy engines
      *value = 2;
      return true;
    case 75:  // compute capability, major
      *value = Ordered("TRTN_STANDIN_CUDA_CAPABILITY", 90) / 10;
      return true;
    case 76:
      *value = Ordered("TRTN_STANDIN_CUDA_CAPABILITY", 90) % 10;
      return true;
    case 78:  // stream priorities
      *value = 1;
      return true;
    case 115:  // memory pools
      *value = configuration.has_pools;
      return true;
    default:
      return false;
  }
}

}  // namespace

int DriverVersion() { return Ordered("TRTN_STANDIN_CUDA_VERSION", 13000); }

}  // namespace standin

using namespace standin;  // NOLINT: the entry points below are all that follows

STANDIN_API CUresult cuInit(unsigned) {
  Call call(Entry::cuInit, kBeforeInit);
  if (call.result != kSuccess) return call.result;
  const CUresult result = Ordered("TRTN_STANDIN_CUDA_INIT", kSuccess);
  state().is_initialised = result == kSuccess;
  return result;
}

STANDIN_API CUresult cuDriverGetVersion(int* version) {
  Call call(Entry::cuDriverGetVersion, kBeforeInit);
  if (call.result != kSuccess) return call.result;
  *version = DriverVersion();
  return kSuccess;
}

STANDIN_API CUresult cuGetErrorName(CUresult error, const char** text) {
  const ErrorText* found = FindError(error);
  *text = found == nullptr ? nullptr : found->name;
  return found == nullptr ? kInvalidValue : kSuccess;
}

STANDIN_API CUresult cuGetErrorString(CUresult error, const char** text) {
  const ErrorText* found = FindError(error);
  *text = found == nullptr ? nullptr : found->text;
  return found == nullptr ? kInvalidValue : kSuccess;
}

STANDIN_API CUresult cuGetProcAddress_v2(const char* symbol, void** function, int, uint64_t, int* status) {
  Call call(Entry::cuGetProcAddress_v2, kBeforeInit);
  if (call.result != kSuccess) return call.result;
  Dl_info self;
  *function = nullptr;
  if (dladdr(reinterpret_cast<void*>(&cuInit), &self) != 0) {
    void* library = dlopen(self.dli_fname, RTLD_NOW | RTLD_NOLOAD);
    if (library != nullptr) {
      *function = dlsym(library, (std::string(symbol) + "_v2").c_str());
      if (*function == nullptr) *function = dlsym(library, symbol);
      dlclose(library);
    }
  }
  if (status != nullptr) *status = *function == nullptr ? 1 : 0;
  return kSuccess;
}

STANDIN_API CUresult cuDeviceGetCount(int* count) {
  Call call(Entry::cuDeviceGetCount, kNothing);
  if (call.result != kSuccess) return call.result;
  *count = DeviceCount();
  return Ordered("TRTN_STANDIN_CUDA_COUNT", kSuccess);
}

STANDIN_API CUresult cuDeviceGet(CUdevice* device, int ordinal) {
  Call call(Entry::cuDeviceGet, kNothing);
  if (call.result != kSuccess) return call.result;
  // Asking for a device that is not there is a question, no misuse.
  if (ordinal < 0 || ordinal >= DeviceCount()) return kInvalidDevice;
  *device = ordinal;
  return kSuccess;
}

STANDIN_API CUresult cuDeviceGetName(char* name, int length, CUdevice device) {
  Call call(Entry::cuDeviceGetName, kNothing);
  if (call.result != kSuccess) return call.result;
  if (const CUresult result = CheckDevice(call, device)) return result;
  const char* instance = state().configuration.is_mig ? " MIG 1g.10gb" : "";
  std::snprintf(name, static_cast<size_t>(length), "Stand-in GPU %d%s", device, instance);
  return kSuccess;
}

STANDIN_API CUresult cuDeviceGetUuid_v2(unsigned char* uuid, CUdevice device) {
  Call call(Entry::cuDeviceGetUuid_v2, kNothing);
  if (call.result != kSuccess) return call.result;
  if (const CUresult result = CheckDevice(call, device)) return result;
  for (int i = 0; i < 16; i++) uuid[i] = static_cast<unsigned char>(i * 16 + device);
  return kSuccess;
}

STANDIN_API CUresult cuDeviceTotalMem_v2(size_t* bytes, CUdevice device) {
  Call call(Entry::cuDeviceTotalMem_v2, kNothing);
  if (call.result != kSuccess) return call.result;
  if (const CUresult result = CheckDevice(call, device)) return result;
  *bytes = state().configuration.memory_bytes;
  return kSuccess;
}

STANDIN_API CUresult cuDeviceGetAttribute(int* value, int attribute, CUdevice device) {
  Call call(Entry::cuDeviceGetAttribute, kNothing);
  if (call.result != kSuccess) return call.result;
  if (const CUresult result = CheckDevice(call, device)) return result;
  if (!Attribute(state().configuration, attribute, device, value)) return kInvalidValue;
  return kSuccess;
}

STANDIN_API CUresult cuDeviceGetPCIBusId(char* text, int length, CUdevice device) {
  Call call(Entry::cuDeviceGetPCIBusId, kNothing);
  if (call.result != kSuccess) return call.result;
  if (const CUresult result = CheckDevice(call, device)) return result;
  std::snprintf(text, static_cast<size_t>(length), "0000:%02X:00.0", 0x17 + device);
  return kSuccess;
}

#define STANDIN_UNSUPPORTED(entry)                                \
  STANDIN_API CUresult entry() {                                  \
    Call call(Entry::entry, 0);                                   \
    return call.result != kSuccess ? call.result : kNotSupported; \
  }
STANDIN_UNSUPPORTED(cuFuncGetAttribute)
STANDIN_UNSUPPORTED(cuFuncSetAttribute)
STANDIN_UNSUPPORTED(cuOccupancyMaxPotentialBlockSize)
STANDIN_UNSUPPORTED(cuMemPoolCreate)
STANDIN_UNSUPPORTED(cuMemPoolDestroy)
STANDIN_UNSUPPORTED(cuMemAllocFromPoolAsync)
