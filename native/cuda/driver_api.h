// SPDX-License-Identifier: Apache-2.0
// The part of the CUDA driver API that is called, declared here because the vendor's header may not be
// redistributed. Names are those that libcuda exports (its header maps the plain names to the _v2 ones).
#pragma once

#include <cstddef>

namespace trtn::cuda {

using Result = int;  // CUresult
using Device = int;  // CUdevice

struct Uuid {
  unsigned char bytes[16];
};

using InitFn = Result(unsigned int flags);
using DriverGetVersionFn = Result(int* version);
using DeviceGetCountFn = Result(int* count);
using DeviceGetFn = Result(Device* device, int ordinal);
using DeviceGetNameFn = Result(char* name, int length, Device device);
using DeviceGetUuidFn = Result(Uuid* uuid, Device device);
using DeviceTotalMemFn = Result(size_t* bytes, Device device);
using DeviceGetAttributeFn = Result(int* value, int attribute, Device device);
using GetErrorTextFn = Result(Result error, const char** text);

// CUresult values that mean something to a user.
constexpr Result kSuccess = 0;
constexpr Result kStubLibrary = 34;
constexpr Result kInsufficientDriver = 35;
constexpr Result kNoDevice = 100;
constexpr Result kInvalidDevice = 101;
constexpr Result kSystemNotReady = 802;
constexpr Result kSystemDriverMismatch = 803;
constexpr Result kCompatNotSupported = 804;

// CUdevice_attribute values.
constexpr int kAttributeComputeCapabilityMajor = 75;
constexpr int kAttributeComputeCapabilityMinor = 76;

}  // namespace trtn::cuda
