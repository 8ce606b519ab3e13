// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/tensor.h"

namespace trtn {

/// How a device is reached: the driver's library (empty: the system's) and an ordinal.
struct DeviceAddress {
  std::string driver_library;
  int ordinal = 0;

  bool operator==(const DeviceAddress& other) const {
    return ordinal == other.ordinal && driver_library == other.driver_library;
  }
};

/// A dense tensor in a device's memory.
struct DeviceTensor {
  DeviceAddress device;
  ElementType type = ElementType::kUnknown;
  std::vector<int64_t> dims;
  size_t bytes = 0;
  /// The pointer is the device's address. Null once the tensor is closed.
  std::shared_ptr<void> memory;
};

/// NativeDeviceTensor of lib/binding/contract.ts.
class DeviceTensorWrap : public Napi::ObjectWrap<DeviceTensorWrap> {
 public:
  static Napi::Function Define(Napi::Env env);
  /// A new object of the class `constructor`. `allow_external` is for what download() gives.
  static Napi::Object Make(Napi::Env env, const Napi::FunctionReference& constructor, DeviceTensor tensor,
                           bool allow_external);
  /// The object's tensor, null if `value` is no object of this class.
  static const DeviceTensor* TensorOf(Napi::Value value);

  explicit DeviceTensorWrap(const Napi::CallbackInfo& info) : ObjectWrap(info) {}
  void Finalize(Napi::BasicEnv env) override { Release(env); }
  /// As close() of the contract.
  void Release(Napi::BasicEnv env);

 private:
  void Fill(Napi::Env env, DeviceTensor tensor, bool allow_external);
  Napi::Value Download(const Napi::CallbackInfo& info);
  void Close(const Napi::CallbackInfo& info) { Release(info.Env()); }

  DeviceTensor tensor_;
  bool allow_external_ = false;
  /// What V8 has been told to count: the collector sees device memory no other way.
  int64_t counted_bytes_ = 0;
};

}  // namespace trtn
