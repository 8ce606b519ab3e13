// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "addon/device_tensor_wrap.h"
#include "addon/session_request.h"
#include "core/engine_control.h"
#include "core/session.h"

namespace trtn {

/// A model that has been loaded, with its threads.
struct LoadedSession {
  std::shared_ptr<Session> session;
  std::shared_ptr<HostPool> pool;
  std::vector<TensorInfo> inputs, outputs;
  std::string library_version;
  std::vector<std::vector<EngineControl::Range>> profiles;
  std::vector<std::string> debug_tensors;
  /// Nothing for the CPU.
  std::optional<DeviceAddress> device;
  /// Size of the model or plan.
  int64_t model_bytes = 0;
};

/// Loads what was asked for; blocks. The request's bytes are released. Throws what ort::LoadModel(),
/// gpu::LoadPlan() and Session() throw.
LoadedSession LoadSession(JsSessionRequest& request);

}  // namespace trtn
