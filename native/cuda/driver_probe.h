// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cuda/driver_api.h"

namespace trtn::cuda {

/// Outcome of opening the driver; `lib/binding/contract.ts` has the same names.
enum class DriverStatus { kOk, kNotFound, kNoDevice, kTooOld, kMismatch, kError };
/// "ok", "not-found", "no-device", "too-old", "mismatch" or "error".
const char* DriverStatusName(DriverStatus status);
/// The code of `lib/errors.ts` that belongs to a status, null for kOk.
const char* DriverErrorCode(DriverStatus status);

/// A GPU as the driver describes it.
struct DeviceInfo {
  int ordinal = 0;
  std::string name;
  /// "GPU-" and the UUID in its usual form, "MIG-" for a MIG instance; empty if the driver does not tell.
  std::string uuid;
  bool is_mig = false;
  /// Major * 10 + minor: 90 for Hopper.
  int compute_capability = 0;
  uint64_t total_memory_bytes = 0;
  /// The GPU shares the host's memory (Jetson, GB10).
  bool is_integrated = false;
  /// "0000:17:00.0"; empty if the driver does not tell.
  std::string pci_bus_id;
};

/// Asks the driver about one device; what it refuses to tell stays empty. Entry points may be null.
DeviceInfo DescribeDevice(const DriverApi& api, DeviceHandle device, int ordinal);

/// What the driver said.
struct DriverReport {
  DriverStatus status = DriverStatus::kError;
  /// Where libcuda was found, or what was asked for.
  std::string path;
  /// 13000 for CUDA 13.0; 0 if unknown.
  int version = 0;
  /// CUresult of the failing call.
  int code = 0;
  /// One sentence for every status but kOk.
  std::string message;
  std::vector<DeviceInfo> devices;
};

/// The oldest driver that any supported TensorRT runs on: CUDA 11.8.
constexpr int kOldestDriver = 11080;

/// Opens libcuda.so.1 (or `path`), initialises it and lists the devices. Creates no context. Never throws.
/// Thread-safe. A driver older than `min_version` is kTooOld.
///
/// This comes before any other call into CUDA or TensorRT: some TensorRT libraries abort the process when
/// there is no working driver.
DriverReport ProbeDriver(const std::string& path = {}, int min_version = kOldestDriver);

}  // namespace trtn::cuda
