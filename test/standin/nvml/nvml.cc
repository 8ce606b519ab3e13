// SPDX-License-Identifier: Apache-2.0
// A libnvidia-ml.so.1 over the GPUs of the stand-in driver, by the same UUIDs and PCI addresses: all that
// there can be, as NVML knows nothing of CUDA_VISIBLE_DEVICES. A UUID that begins with "MIG-" is an instance
// on the GPU of that number, and has no sensor but its memory.
//
// Built once more with STANDIN_OLD=1, without what newer drivers brought.
#include <array>
#include <cstdio>
#include <cstring>
#include <iterator>

#include "script.h"

using standin::Answer;
using standin::Ask;
using standin::Result;

namespace {

#define STANDIN_API extern "C" __attribute__((visibility("default")))

constexpr Result kSuccess = 0;
constexpr Result kInvalidArgument = 2;
constexpr Result kNotSupported = 3;
constexpr Result kNotFound = 6;

constexpr int kDevices = 8;
constexpr double kInstanceMemoryBytes = 1 << 30;

struct Device {
  int ordinal;
  bool is_instance;
};

const char* const kTexts[] = {"Success",
                              "Uninitialized",
                              "Invalid Argument",
                              "Not Supported",
                              "Insufficient Permissions",
                              "Already Initialized",
                              "Not Found",
                              "Insufficient Size",
                              "Insufficient External Power",
                              "Driver Not Loaded",
                              "Timeout",
                              "Interrupt Request Issue",
                              "NVML Shared Library Not Found",
                              "Function Not Found",
                              "Corrupted infoROM",
                              "GPU is lost",
                              "GPU requires reset",
                              "The operating system has blocked the request",
                              "RM has detected an NVML/RM version mismatch"};

Device* DeviceOf(int ordinal, bool is_instance) {
  static std::array<Device, kDevices * 2> devices = [] {
    std::array<Device, kDevices * 2> made{};
    for (int i = 0; i < kDevices * 2; i++) made[static_cast<size_t>(i)] = {i % kDevices, i >= kDevices};
    return made;
  }();
  return &devices[static_cast<size_t>(ordinal + (is_instance ? kDevices : 0))];
}

/// As the stand-in driver makes it: byte i is i * 16 + ordinal.
void WriteUuid(char* text, size_t length, const char* prefix, int ordinal) {
  int end = std::snprintf(text, length, "%s", prefix);
  for (int i = 0; i < 16; i++) {
    const char* dash = i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "";
    end += std::snprintf(text + end, length - static_cast<size_t>(end), "%s%02x", dash, i * 16 + ordinal);
  }
}

/// A number of a whole GPU; `T` is the type that NVML gives it in.
template <class T>
Result Number(const char* entry, const std::string& key, const Device* device, T* value) {
  const Answer answer = Ask(entry, key);
  if (answer.result != kSuccess) return answer.result;
  if (device == nullptr || value == nullptr) return kInvalidArgument;
  if (device->is_instance) return kNotSupported;
  *value = static_cast<T>(answer.value);
  return kSuccess;
}

}  // namespace

STANDIN_API Result nvmlInit_v2() {
  const Answer answer = Ask("nvmlInit_v2");
  if (answer.result == kSuccess) standin::TheState().users++;
  return answer.result;
}

STANDIN_API Result nvmlShutdown() {
  const Answer answer = Ask("nvmlShutdown");
  if (answer.result == kSuccess) standin::TheState().users--;
  return answer.result;
}

STANDIN_API const char* nvmlErrorString(Result result) {
  const bool is_known = result >= 0 && static_cast<size_t>(result) < std::size(kTexts);
  return is_known ? kTexts[result] : "Unknown Error";
}

STANDIN_API Result nvmlSystemGetDriverVersion(char* text, unsigned length) {
  const Answer answer = Ask("nvmlSystemGetDriverVersion");
  if (answer.result == kSuccess) std::snprintf(text, length, "580.65.06");
  return answer.result;
}

STANDIN_API Result nvmlDeviceGetHandleByUUID(const char* uuid, Device** device) {
  const Answer answer = Ask("nvmlDeviceGetHandleByUUID");
  if (answer.result != kSuccess) return answer.result;
  for (const bool is_instance : {false, true}) {
    for (int ordinal = 0; ordinal < kDevices; ordinal++) {
      char text[64];
      WriteUuid(text, sizeof text, is_instance ? "MIG-" : "GPU-", ordinal);
      if (std::strcmp(uuid, text) != 0) continue;
      *device = DeviceOf(ordinal, is_instance);
      return kSuccess;
    }
  }
  return kNotFound;
}

STANDIN_API Result nvmlDeviceGetHandleByPciBusId_v2(const char* bus_id, Device** device) {
  const Answer answer = Ask("nvmlDeviceGetHandleByPciBusId_v2");
  if (answer.result != kSuccess) return answer.result;
  unsigned bus = 0;
  if (std::sscanf(bus_id, "0000:%x:00.0", &bus) != 1 || bus < 0x17 || bus >= 0x17 + kDevices)
    return kNotFound;
  *device = DeviceOf(static_cast<int>(bus) - 0x17, false);
  return kSuccess;
}

STANDIN_API Result nvmlDeviceGetName(Device* device, char* text, unsigned length) {
  const Answer answer = Ask("nvmlDeviceGetName");
  if (answer.result != kSuccess) return answer.result;
  std::snprintf(text, length, "Stand-in GPU %d%s", device->ordinal,
                device->is_instance ? " MIG 1g.10gb" : "");
  return kSuccess;
}

STANDIN_API Result nvmlDeviceGetPowerUsage(Device* device, unsigned* milliwatts) {
  return Number("nvmlDeviceGetPowerUsage", "nvmlDeviceGetPowerUsage", device, milliwatts);
}

STANDIN_API Result nvmlDeviceGetClockInfo(Device* device, int type, unsigned* mhz) {
  return Number("nvmlDeviceGetClockInfo", "nvmlDeviceGetClockInfo:" + std::to_string(type), device, mhz);
}

STANDIN_API Result nvmlDeviceGetMaxClockInfo(Device* device, int type, unsigned* mhz) {
  return Number("nvmlDeviceGetMaxClockInfo", "nvmlDeviceGetMaxClockInfo:" + std::to_string(type), device,
                mhz);
}

STANDIN_API Result nvmlDeviceGetTemperature(Device* device, int, unsigned* celsius) {
  return Number("nvmlDeviceGetTemperature", "nvmlDeviceGetTemperature", device, celsius);
}

STANDIN_API Result nvmlDeviceGetUtilizationRates(Device* device, unsigned rates[2]) {
  return Number("nvmlDeviceGetUtilizationRates", "nvmlDeviceGetUtilizationRates", device, &rates[0]);
}

STANDIN_API Result nvmlDeviceGetMemoryInfo(Device* device, unsigned long long bytes[3]) {
  const Answer answer = Ask("nvmlDeviceGetMemoryInfo");
  if (answer.result != kSuccess) return answer.result;
  bytes[0] = 80ULL << 30;
  bytes[2] = static_cast<unsigned long long>(device->is_instance ? kInstanceMemoryBytes : answer.value);
  bytes[1] = bytes[0] - bytes[2];
  return kSuccess;
}

STANDIN_API Result nvmlDeviceGetCurrentClocksThrottleReasons(Device* device, unsigned long long* reasons) {
  const char* const entry = "nvmlDeviceGetCurrentClocksThrottleReasons";
  return Number(entry, entry, device, reasons);
}

#if !STANDIN_OLD

STANDIN_API Result nvmlDeviceGetTotalEnergyConsumption(Device* device, unsigned long long* millijoules) {
  const char* const entry = "nvmlDeviceGetTotalEnergyConsumption";
  return Number(entry, entry, device, millijoules);
}

STANDIN_API Result nvmlDeviceGetCurrentClocksEventReasons(Device* device, unsigned long long* reasons) {
  const char* const entry = "nvmlDeviceGetCurrentClocksEventReasons";
  return Number(entry, entry, device, reasons);
}

STANDIN_API Result nvmlDeviceIsMigDeviceHandle(Device* device, unsigned* is_mig) {
  const Answer answer = Ask("nvmlDeviceIsMigDeviceHandle");
  if (answer.result == kSuccess) *is_mig = device->is_instance;
  return answer.result;
}

STANDIN_API Result nvmlDeviceGetDeviceHandleFromMigDeviceHandle(Device* instance, Device** device) {
  const Answer answer = Ask("nvmlDeviceGetDeviceHandleFromMigDeviceHandle");
  if (answer.result != kSuccess) return answer.result;
  if (!instance->is_instance) return kInvalidArgument;
  *device = DeviceOf(instance->ordinal, false);
  return kSuccess;
}

#endif
