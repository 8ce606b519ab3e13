// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

#include <cstdint>
#include <memory>
#include <optional>

#include "addon/classes.h"
#include "addon/device_tensor_wrap.h"
#include "core/executable.h"

namespace trtn {

/// Makes JavaScript values of what calls of one session have made. Shared by the session's calls, which must
/// not own the session. JavaScript thread only.
struct ResultMaker {
  Classes* classes = nullptr;
  /// Whether an ArrayBuffer may stand over native memory.
  bool allow_external = true;
  /// Where the model runs; nothing for the CPU.
  std::optional<DeviceAddress> device;
  /// Bytes that the addon has copied from host memory to host memory.
  uint64_t copied_bytes = 0;

  Napi::ArrayBuffer MakeBuffer(Napi::Env env, OwnedOutput output);
  /// [data, dims], or a NativeDeviceTensor.
  Napi::Value MakeOutput(Napi::Env env, OwnedOutput output);
  /// Over memory of the session's device; `memory` points to it.
  Napi::Object MakeDeviceTensor(Napi::Env env, const TensorView& view, std::shared_ptr<void> memory);
};

}  // namespace trtn
