// SPDX-License-Identifier: Apache-2.0
#include "cuda/driver_probe.h"

#include <cstdio>
#include <cstdlib>
#include <memory>

#include "dl/dynamic_library.h"

namespace trtn::cuda {
namespace {

constexpr char kDefaultLibrary[] = "libcuda.so.1";

std::string VersionText(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

/// "error 100 CUDA_ERROR_NO_DEVICE (no CUDA-capable device is detected)" as far as the library tells.
std::string ErrorText(const DriverApi& api, Result code) {
  const char* name = nullptr;
  const char* text = nullptr;
  if (api.cuGetErrorName != nullptr) api.cuGetErrorName(code, &name);
  if (api.cuGetErrorString != nullptr) api.cuGetErrorString(code, &text);
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

DriverReport& Fail(DriverReport& report, const DriverApi& api, const char* call, Result code) {
  report.status = StatusOf(code);
  report.code = code;
  report.message =
      report.path + ": " + Explain(code) + ": " + call + " returned " + ErrorText(api, code) + ".";
  return report;
}

std::string UuidText(const Uuid& uuid) {
  std::string text;
  for (int i = 0; i < 16; i++) {
    char hex[3];
    std::snprintf(hex, sizeof hex, "%02x", uuid.bytes[i]);
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += hex;
  }
  return text;
}

/// The driver has no attribute that says so: an instance has "MIG" in its name ("NVIDIA A100 MIG 1g.5gb"),
/// and is what the environment asked for by its UUID where a driver names it otherwise.
bool IsMig(const std::string& name, const std::string& uuid) {
  if (name.find("MIG") != std::string::npos) return true;
  const char* visible = std::getenv("CUDA_VISIBLE_DEVICES");
  return visible != nullptr && !uuid.empty() && std::string(visible).find("MIG-" + uuid) != std::string::npos;
}

int Attribute(const DriverApi& api, int attribute, DeviceHandle device) {
  int value = 0;
  const bool is_known =
      api.cuDeviceGetAttribute != nullptr && api.cuDeviceGetAttribute(&value, attribute, device) == kSuccess;
  return is_known ? value : 0;
}

DriverReport& ListDevices(DriverReport& report, const DriverApi& api) {
  int count = 0;
  Result code = api.cuDeviceGetCount(&count);
  if (code != kSuccess) return Fail(report, api, "cuDeviceGetCount", code);
  if (count <= 0) {
    report.status = DriverStatus::kNoDevice;
    report.message = report.path + ": the driver sees no GPU.";
    return report;
  }
  for (int ordinal = 0; ordinal < count; ordinal++) {
    DeviceHandle device = 0;
    code = api.cuDeviceGet(&device, ordinal);
    if (code != kSuccess) return Fail(report, api, "cuDeviceGet", code);
    report.devices.push_back(DescribeDevice(api, device, ordinal));
  }
  report.status = DriverStatus::kOk;
  return report;
}

}  // namespace

DeviceInfo DescribeDevice(const DriverApi& api, DeviceHandle device, int ordinal) {
  DeviceInfo info;
  info.ordinal = ordinal;
  char text[256] = "";
  if (api.cuDeviceGetName != nullptr && api.cuDeviceGetName(text, sizeof text, device) == kSuccess) {
    info.name = text;
  }
  // The _v2 call gives the UUID of the MIG instance, the plain one that of the GPU around it.
  Uuid uuid;
  if (api.cuDeviceGetUuid_v2 != nullptr && api.cuDeviceGetUuid_v2(&uuid, device) == kSuccess) {
    info.uuid = UuidText(uuid);
  }
  info.is_mig = IsMig(info.name, info.uuid);
  if (!info.uuid.empty()) info.uuid.insert(0, info.is_mig ? "MIG-" : "GPU-");
  info.compute_capability = Attribute(api, kAttributeComputeCapabilityMajor, device) * 10 +
                            Attribute(api, kAttributeComputeCapabilityMinor, device);
  info.is_integrated = Attribute(api, kAttributeIntegrated, device) != 0;
  size_t bytes = 0;
  if (api.cuDeviceTotalMem_v2 != nullptr && api.cuDeviceTotalMem_v2(&bytes, device) == kSuccess) {
    info.total_memory_bytes = bytes;
  }
  text[0] = '\0';
  if (api.cuDeviceGetPCIBusId != nullptr && api.cuDeviceGetPCIBusId(text, sizeof text, device) == kSuccess) {
    info.pci_bus_id = text;
  }
  return info;
}

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
  DriverApi api;
  LoadDriverApi(api, [&](const char* name) { return library.Symbol(name); });
  if (api.cuInit == nullptr || api.cuDriverGetVersion == nullptr || api.cuDeviceGetCount == nullptr ||
      api.cuDeviceGet == nullptr) {
    report.message = report.path + ": not a CUDA driver library: it lacks cuInit and its companions.";
    return report;
  }
  opened.library->KeepOpen();
  // The version needs no cuInit, so an old driver is named as such whatever cuInit says.
  if (api.cuDriverGetVersion(&report.version) == kSuccess && report.version > 0 &&
      report.version < min_version) {
    report.status = DriverStatus::kTooOld;
    report.message = report.path + ": the driver is for CUDA " + VersionText(report.version) + "; CUDA " +
                     VersionText(min_version) + " or newer is needed.";
    return report;
  }
  const Result code = api.cuInit(0);
  if (code != kSuccess) return Fail(report, api, "cuInit", code);
  return ListDevices(report, api);
}

}  // namespace trtn::cuda
