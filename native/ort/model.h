// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/stage_log.h"
#include "core/tensor.h"
#include "ort/executable.h"
#include "ort/runtime.h"

namespace trtn::ort {

/// Owns one object of ONNX Runtime. The release function comes out of the runtime's table.
template <typename T>
using Handle = std::unique_ptr<T, void (*)(T*)>;

using ValueHandle = Handle<Value>;

/// A session of ONNX Runtime: what an executable, its contexts and bindings share.
struct Model {
  explicit Model(Runtime& opened) : runtime(opened), session(nullptr, opened.api().ReleaseSession) {}

  Runtime& runtime;
  Handle<OrtSession> session;
  std::vector<TensorInfo> inputs, outputs;
  std::vector<const char*> input_names, output_names;
  std::shared_ptr<StageLog> stage_log;
  bool is_profiling = false;
};

/// Loads a model: what LoadModel() does, and throws, without the executable.
std::shared_ptr<Model> OpenModel(const std::string& library, const ModelOptions& options);

}  // namespace trtn::ort
