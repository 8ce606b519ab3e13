// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>

#include "nvml/library.h"

namespace trtn::nvml {

/// What is read again and again.
enum class Sensor {
  kPower,
  kEnergy,
  kSmClock,
  kMemoryClock,
  kTemperature,
  kUtilization,
  kThrottleReasons,
  kMemoryUsed
};
constexpr size_t kSensorCount = 8;
/// Its name in lib/binding/contract.ts, with the unit: "powerW".
const char* SensorName(Sensor sensor);

/// One answer of a sensor.
struct Reading {
  /// In the unit of the sensor's name; energy since an unknown start.
  double value = 0;
  Result result = kSuccess;
  /// Why there is no value, in a sentence without its point; empty if there is one.
  std::string reason;
};

/// True for what will not change while the process runs: the device or the library does not have it.
bool IsPermanent(Result result);
/// True if no sensor of the device will answer any more.
bool IsLost(Result result);

/// A GPU as NVML knows it. Holds the library.
class Gpu {
 public:
  /// Finds it by UUID ("GPU-…", "MIG-…"), else by PCI address; either may be empty. Throws
  /// ERR_TRT_RUN_DEVICE.
  Gpu(std::shared_ptr<const Library> library, const std::string& uuid, const std::string& pci_bus_id);

  const Library& library() const { return *library_; }
  const std::string& name() const { return name_; }
  /// A MIG instance: memory and utilisation are its own, all else is of the GPU around it.
  bool is_mig() const { return is_mig_; }

  Reading Read(Sensor sensor) const;
  /// The most that a clock (kClockSm, kClockMemory) can be, in MHz.
  Reading MaxClock(int clock) const;

 private:
  DeviceHandle Find(const std::string& uuid, const std::string& pci_bus_id);
  void LookAround(bool asked_for_mig);
  template <class... Parameters, class... Arguments>
  Result Call(const char* name, Result (*function)(Parameters...), Reading& reading,
              Arguments... arguments) const;
  Reading ReadThrottleReasons() const;
  /// Of what is an instance's own.
  static Reading NoInstance();

  std::shared_ptr<const Library> library_;
  std::string name_;
  bool is_mig_ = false;
  /// Only the GPU around the MIG instance was found.
  bool is_instance_unknown_ = false;
  /// The device itself, and the GPU around it; the same unless it is a MIG instance.
  DeviceHandle own_ = nullptr;
  DeviceHandle whole_ = nullptr;
};

}  // namespace trtn::nvml
