// SPDX-License-Identifier: Apache-2.0
// The part of NVML that is called, after NVIDIA's reference of it. Declared here because the vendor's header
// may not be redistributed.
#pragma once

#include <functional>
#include <string>

namespace trtn::nvml {

using Result = int;          // nvmlReturn_t
using DeviceHandle = void*;  // nvmlDevice_t

/// nvmlUtilization_t, in percent.
struct Utilization {
  unsigned int gpu = 0;
  unsigned int memory = 0;
};

/// nvmlMemory_t
struct Memory {
  unsigned long long total = 0;
  unsigned long long free = 0;
  unsigned long long used = 0;
};

/// Entry points by their exported names.
struct NvmlApi {
  Result (*nvmlInit_v2)() = nullptr;
  Result (*nvmlShutdown)() = nullptr;

  // Null where the library has none.
  const char* (*nvmlErrorString)(Result result) = nullptr;
  Result (*nvmlSystemGetDriverVersion)(char* text, unsigned int length) = nullptr;
  Result (*nvmlDeviceGetHandleByUUID)(const char* uuid, DeviceHandle* device) = nullptr;
  Result (*nvmlDeviceGetHandleByPciBusId_v2)(const char* bus_id, DeviceHandle* device) = nullptr;
  Result (*nvmlDeviceGetName)(DeviceHandle device, char* text, unsigned int length) = nullptr;
  Result (*nvmlDeviceIsMigDeviceHandle)(DeviceHandle device, unsigned int* is_mig) = nullptr;
  Result (*nvmlDeviceGetDeviceHandleFromMigDeviceHandle)(DeviceHandle mig, DeviceHandle* device) = nullptr;
  Result (*nvmlDeviceGetMaxClockInfo)(DeviceHandle device, int type, unsigned int* mhz) = nullptr;

  Result (*nvmlDeviceGetPowerUsage)(DeviceHandle device, unsigned int* milliwatts) = nullptr;
  Result (*nvmlDeviceGetTotalEnergyConsumption)(DeviceHandle device,
                                                unsigned long long* millijoules) = nullptr;
  Result (*nvmlDeviceGetClockInfo)(DeviceHandle device, int type, unsigned int* mhz) = nullptr;
  Result (*nvmlDeviceGetTemperature)(DeviceHandle device, int sensor, unsigned int* celsius) = nullptr;
  Result (*nvmlDeviceGetUtilizationRates)(DeviceHandle device, Utilization* utilization) = nullptr;
  Result (*nvmlDeviceGetMemoryInfo)(DeviceHandle device, Memory* memory) = nullptr;
  Result (*nvmlDeviceGetCurrentClocksEventReasons)(DeviceHandle device,
                                                   unsigned long long* reasons) = nullptr;
  /// The name of the same before driver 535.
  Result (*nvmlDeviceGetCurrentClocksThrottleReasons)(DeviceHandle device,
                                                      unsigned long long* reasons) = nullptr;
};

/// What `find` (dlsym) knows.
NvmlApi LoadNvmlApi(const std::function<void*(const char*)>& find);

// nvmlReturn_t values that are told apart.
constexpr Result kSuccess = 0;
constexpr Result kUninitialized = 1;
constexpr Result kNotSupported = 3;
constexpr Result kNoPermission = 4;
constexpr Result kNotFound = 6;
constexpr Result kDriverNotLoaded = 9;
constexpr Result kFunctionNotFound = 13;
constexpr Result kGpuIsLost = 15;
constexpr Result kResetRequired = 16;

// nvmlClockType_t, nvmlTemperatureSensors_t.
constexpr int kClockSm = 1;
constexpr int kClockMemory = 2;
constexpr int kTemperatureGpu = 0;

}  // namespace trtn::nvml
