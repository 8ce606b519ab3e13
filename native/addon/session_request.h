// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "core/session.h"
#include "core/stage_log.h"
#include "gpu/gpu_model.h"
#include "ort/executable.h"

namespace trtn {

/// An ONNX model on the CPU.
struct CpuModelRequest {
  /// Path of libonnxruntime.
  std::string library;
  ort::ModelOptions options;
};

/// A NativeSessionRequest of lib/binding/contract.ts. Movable: the bytes stay where they are.
struct JsSessionRequest {
  std::variant<CpuModelRequest, gpu::GpuModelOptions> model;
  /// What the model's options point to, where it was given as bytes.
  std::vector<uint8_t> bytes;
  std::vector<std::vector<uint8_t>> external_files;
  SessionOptions options;
  /// The one that the model's options have.
  std::shared_ptr<StageLog> stage_log;
  bool allow_external = true;
};

/// Reads the object; `backend` decides. The model's bytes are copied: nothing keeps JavaScript from
/// transferring its array away during the load. Throws Napi::TypeError, ERR_TRT_RUN_MODEL for a model without
/// bytes.
JsSessionRequest ReadSessionRequest(Napi::Object object);

}  // namespace trtn
