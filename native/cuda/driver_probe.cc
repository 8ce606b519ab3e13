// SPDX-License-Identifier: Apache-2.0
#include "cuda/driver_probe.h"

#include <cstdio>
#include <memory>

#include "cuda/driver_api.h"
#include "dl/dynamic_library.h"

namespace trtn::cuda {
namespace {

constexpr char kDefaultLibrary[] = "libcuda.so.1";

std::string VersionText(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

/// "CUDA_ERROR_NO_DEVICE (no CUDA-capable device is detected)" as far as the library tells.
std::string ErrorText(const DynamicLibrary& library, Result code) {
  const char* name = nullptr;
  const char* text = nullptr;
  if (auto* get_name = library.Function<GetErrorTextFn>("cuGetErrorName")) get_name(code, &name);
  if (auto* get_text = library.Function<GetErrorTextFn>("cuGetErrorString")) get_text(code, &text);
  std::string result = "error " + std::to_string(code);
  if (name != nullptr) result += std::string(" ") + name;
  if (text != nullptr) result += std::string(" (") + text + ")";
  return result;
}

DriverStatus StatusOf(Result code) {
  switch (code) {
    case kSuccess:
      return DriverStatus::kOk;
    case kNoDevice:
    case kInvalidDevice:
      return DriverStatus::kNoDevice;
    case kInsufficientDriver:
      return DriverStatus::kTooOld;
    case kSystemDriverMismatch:
    case kCompatNotSupported:
      return DriverStatus::kMismatch;
    default:
      return DriverStatus::kError;
  }
}

std::string Explain(Result code) {
  switch (code) {
    case kStubLibrary:
      return "it is the link-time stub of the CUDA toolkit, not a driver";
    case kInsufficientDriver:
      return "the driver is too old";
    case kNoDevice:
      return "the driver sees no GPU";
    case kInvalidDevice:
      return "CUDA_VISIBLE_DEVICES names no GPU that exists";
    case kSystemNotReady:
      return "the GPU fabric is not ready (on NVSwitch systems: is nvidia-fabricmanager running?)";
    case kSystemDriverMismatch:
      return "the driver's library and its kernel module have different versions";
    case kCompatNotSupported:
      return "the CUDA compatibility library does not support this GPU";
    default:
      return "the driver does not start";
  }
}

DriverReport& Fail(DriverReport& report, const DynamicLibrary& library, const char* call, Result code) {
  report.status = StatusOf(code);
  report.code = code;
  report.message =
      report.path + ": " + Explain(code) + ": " + call + " returned " + ErrorText(library, code) + ".";
  return report;
}

std::string UuidText(const Uuid& uuid) {
  std::string text = "GPU-";
  for (int i = 0; i < 16; i++) {
    char hex[3];
    std::snprintf(hex, sizeof hex, "%02x", uuid.bytes[i]);
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += hex;
  }
  return text;
}

/// Facts of one device; what the driver refuses to tell stays empty.
DeviceInfo Describe(const DynamicLibrary& library, Device device, int ordinal) {
  DeviceInfo info;
  info.ordinal = ordinal;
  char name[256] = "";
  auto* get_name = library.Function<DeviceGetNameFn>("cuDeviceGetName");
  if (get_name != nullptr && get_name(name, sizeof name, device) == kSuccess) info.name = name;
  auto* get_uuid = library.Function<DeviceGetUuidFn>("cuDeviceGetUuid_v2");
  if (get_uuid == nullptr) get_uuid = library.Function<DeviceGetUuidFn>("cuDeviceGetUuid");
  Uuid uuid;
  if (get_uuid != nullptr && get_uuid(&uuid, device) == kSuccess) info.uuid = UuidText(uuid);
  int major = 0, minor = 0;
  auto* get_attribute = library.Function<DeviceGetAttributeFn>("cuDeviceGetAttribute");
  if (get_attribute != nullptr &&
      get_attribute(&major, kAttributeComputeCapabilityMajor, device) == kSuccess &&
      get_attribute(&minor, kAttributeComputeCapabilityMinor, device) == kSuccess) {
    info.compute_capability = major * 10 + minor;
  }
  size_t bytes = 0;
  auto* get_memory = library.Function<DeviceTotalMemFn>("cuDeviceTotalMem_v2");
  if (get_memory != nullptr && get_memory(&bytes, device) == kSuccess) info.total_memory_bytes = bytes;
  return info;
}

DriverReport& ListDevices(DriverReport& report, const DynamicLibrary& library) {
  auto* get_count = library.Function<DeviceGetCountFn>("cuDeviceGetCount");
  auto* get_device = library.Function<DeviceGetFn>("cuDeviceGet");
  int count = 0;
  Result code = get_count(&count);
  if (code != kSuccess) return Fail(report, library, "cuDeviceGetCount", code);
  if (count <= 0) {
    report.status = DriverStatus::kNoDevice;
    report.message = report.path + ": the driver sees no GPU.";
    return report;
  }
  for (int ordinal = 0; ordinal < count; ordinal++) {
    Device device = 0;
    code = get_device(&device, ordinal);
    if (code != kSuccess) return Fail(report, library, "cuDeviceGet", code);
    report.devices.push_back(Describe(library, device, ordinal));
  }
  report.status = DriverStatus::kOk;
  return report;
}

}  // namespace

const char* DriverStatusName(DriverStatus status) {
  switch (status) {
    case DriverStatus::kOk:
      return "ok";
    case DriverStatus::kNotFound:
      return "not-found";
    case DriverStatus::kNoDevice:
      return "no-device";
    case DriverStatus::kTooOld:
      return "too-old";
    case DriverStatus::kMismatch:
      return "mismatch";
    case DriverStatus::kError:
      break;
  }
  return "error";
}

const char* DriverErrorCode(DriverStatus status) {
  switch (status) {
    case DriverStatus::kOk:
      return nullptr;
    case DriverStatus::kNotFound:
      return "ERR_TRT_CUDA_DRIVER_NOT_FOUND";
    case DriverStatus::kNoDevice:
      return "ERR_TRT_CUDA_NO_DEVICE";
    case DriverStatus::kTooOld:
      return "ERR_TRT_CUDA_DRIVER_TOO_OLD";
    case DriverStatus::kMismatch:
      return "ERR_TRT_CUDA_DRIVER_MISMATCH";
    case DriverStatus::kError:
      break;
  }
  return "ERR_TRT_CUDA_INIT";
}

DriverReport ProbeDriver(const std::string& path, int min_version) {
  DriverReport report;
  report.path = path.empty() ? kDefaultLibrary : path;
  DynamicLibrary::OpenResult opened = DynamicLibrary::Open(report.path);
  if (!opened.library) {
    report.status = opened.missing ? DriverStatus::kNotFound : DriverStatus::kError;
    report.message = "The CUDA driver library cannot be opened: " + opened.error;
    return report;
  }
  const DynamicLibrary& library = *opened.library;
  report.path = library.path();
  auto* init = library.Function<InitFn>("cuInit");
  auto* get_version = library.Function<DriverGetVersionFn>("cuDriverGetVersion");
  if (init == nullptr || get_version == nullptr || library.Symbol("cuDeviceGetCount") == nullptr ||
      library.Symbol("cuDeviceGet") == nullptr) {
    report.message = report.path + ": not a CUDA driver library: it lacks cuInit and its companions.";
    return report;
  }
  opened.library->KeepOpen();
  // The version needs no cuInit, so an old driver is named as such whatever cuInit says.
  if (get_version(&report.version) == kSuccess && report.version > 0 && report.version < min_version) {
    report.status = DriverStatus::kTooOld;
    report.message = report.path + ": the driver is for CUDA " + VersionText(report.version) + "; CUDA " +
                     VersionText(min_version) + " or newer is needed.";
    return report;
  }
  const Result code = init(0);
  if (code != kSuccess) return Fail(report, library, "cuInit", code);
  return ListDevices(report, library);
}

}  // namespace trtn::cuda
