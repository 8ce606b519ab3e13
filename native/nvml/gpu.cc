// SPDX-License-Identifier: Apache-2.0
#include "nvml/gpu.h"

#include <utility>

#include "core/error.h"

namespace trtn::nvml {

// The name of an entry point and its address.
#define TRTN_NVML(entry) #entry, library_->api().entry

const char* SensorName(Sensor sensor) {
  switch (sensor) {
    case Sensor::kPower:
      return "powerW";
    case Sensor::kEnergy:
      return "energyJoules";
    case Sensor::kSmClock:
      return "smClockMhz";
    case Sensor::kMemoryClock:
      return "memoryClockMhz";
    case Sensor::kTemperature:
      return "temperatureC";
    case Sensor::kUtilization:
      return "utilizationPercent";
    case Sensor::kThrottleReasons:
      return "throttleReasons";
    case Sensor::kMemoryUsed:
      break;
  }
  return "memoryUsedBytes";
}

bool IsPermanent(Result result) {
  return result == kNotSupported || result == kNoPermission || result == kFunctionNotFound;
}

bool IsLost(Result result) {
  return result == kGpuIsLost || result == kResetRequired || result == kUninitialized ||
         result == kDriverNotLoaded;
}

Gpu::Gpu(std::shared_ptr<const Library> library, const std::string& uuid, const std::string& pci_bus_id)
    : library_(std::move(library)), own_(Find(uuid, pci_bus_id)), whole_(own_) {
  LookAround(uuid.rfind("MIG-", 0) == 0);
  char text[128] = "";
  Reading reading;
  if (Call(TRTN_NVML(nvmlDeviceGetName), reading, own_, text, static_cast<unsigned int>(sizeof text)) ==
      kSuccess) {
    name_ = text;
  }
}

DeviceHandle Gpu::Find(const std::string& uuid, const std::string& pci_bus_id) {
  DeviceHandle device = nullptr;
  std::string reasons;
  Reading reading;
  if (!uuid.empty()) {
    if (Call(TRTN_NVML(nvmlDeviceGetHandleByUUID), reading, uuid.c_str(), &device) == kSuccess) return device;
    reasons = uuid + ": " + reading.reason;
  }
  if (!pci_bus_id.empty()) {
    if (Call(TRTN_NVML(nvmlDeviceGetHandleByPciBusId_v2), reading, pci_bus_id.c_str(), &device) == kSuccess) {
      return device;
    }
    reasons += (reasons.empty() ? "" : "; ") + pci_bus_id + ": " + reading.reason;
  }
  if (reasons.empty()) reasons = "the CUDA driver tells neither its UUID nor its PCI address";
  Error error("ERR_TRT_RUN_DEVICE", "NVML does not find the device: " + reasons + ".");
  error.details.push_back({"uuid", {uuid}});
  error.details.push_back({"pciBusId", {pci_bus_id}});
  throw error;
}

void Gpu::LookAround(bool asked_for_mig) {
  unsigned int is_instance = 0;
  Reading reading;
  Call(TRTN_NVML(nvmlDeviceIsMigDeviceHandle), reading, own_, &is_instance);
  is_mig_ = asked_for_mig || is_instance != 0;
  is_instance_unknown_ = asked_for_mig && is_instance == 0;
  if (is_instance == 0) return;
  DeviceHandle parent = nullptr;
  // Where it fails, the sensors say themselves that an instance does not have them.
  if (Call(TRTN_NVML(nvmlDeviceGetDeviceHandleFromMigDeviceHandle), reading, own_, &parent) == kSuccess) {
    whole_ = parent;
  }
}

template <class... Parameters, class... Arguments>
Result Gpu::Call(const char* name, Result (*function)(Parameters...), Reading& reading,
                 Arguments... arguments) const {
  if (function == nullptr) {
    reading.result = kFunctionNotFound;
    const std::string& driver = library_->driver();
    reading.reason =
        "the NVML of driver " + (driver.empty() ? "(unknown version)" : driver) + " has no " + name;
    return reading.result;
  }
  reading.result = function(arguments...);
  reading.reason = reading.result == kSuccess ? "" : library_->Describe(name, reading.result);
  return reading.result;
}

Reading Gpu::NoInstance() {
  Reading reading;
  reading.result = kNotSupported;
  reading.reason = "NVML does not find the MIG instance, only the GPU around it";
  return reading;
}

Reading Gpu::Read(Sensor sensor) const {
  Reading reading;
  unsigned int number = 0;
  switch (sensor) {
    case Sensor::kPower:
      Call(TRTN_NVML(nvmlDeviceGetPowerUsage), reading, whole_, &number);
      reading.value = number / 1e3;
      break;
    case Sensor::kEnergy: {
      unsigned long long millijoules = 0;
      Call(TRTN_NVML(nvmlDeviceGetTotalEnergyConsumption), reading, whole_, &millijoules);
      reading.value = static_cast<double>(millijoules) / 1e3;
      break;
    }
    case Sensor::kSmClock:
      Call(TRTN_NVML(nvmlDeviceGetClockInfo), reading, whole_, kClockSm, &number);
      reading.value = number;
      break;
    case Sensor::kMemoryClock:
      Call(TRTN_NVML(nvmlDeviceGetClockInfo), reading, whole_, kClockMemory, &number);
      reading.value = number;
      break;
    case Sensor::kTemperature:
      Call(TRTN_NVML(nvmlDeviceGetTemperature), reading, whole_, kTemperatureGpu, &number);
      reading.value = number;
      break;
    case Sensor::kUtilization: {
      if (is_instance_unknown_) return NoInstance();
      Utilization utilization;
      Call(TRTN_NVML(nvmlDeviceGetUtilizationRates), reading, own_, &utilization);
      reading.value = utilization.gpu;
      break;
    }
    case Sensor::kThrottleReasons:
      return ReadThrottleReasons();
    case Sensor::kMemoryUsed: {
      if (is_instance_unknown_) return NoInstance();
      Memory memory;
      Call(TRTN_NVML(nvmlDeviceGetMemoryInfo), reading, own_, &memory);
      reading.value = static_cast<double>(memory.used);
      break;
    }
  }
  return reading;
}

Reading Gpu::ReadThrottleReasons() const {
  Reading reading;
  unsigned long long reasons = 0;
  Call(TRTN_NVML(nvmlDeviceGetCurrentClocksEventReasons), reading, whole_, &reasons);
  // A library may export the new name over a kernel module that does not know it.
  if (reading.result == kFunctionNotFound) {
    Call(TRTN_NVML(nvmlDeviceGetCurrentClocksThrottleReasons), reading, whole_, &reasons);
  }
  reading.value = static_cast<double>(reasons);
  return reading;
}

Reading Gpu::MaxClock(int clock) const {
  Reading reading;
  unsigned int mhz = 0;
  Call(TRTN_NVML(nvmlDeviceGetMaxClockInfo), reading, whole_, clock, &mhz);
  reading.value = mhz;
  return reading;
}

#undef TRTN_NVML

}  // namespace trtn::nvml
