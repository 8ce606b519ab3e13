// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "core/executable.h"
#include "core/stage_log.h"

namespace trtn::ort {

/// How a model is loaded. Either a path or bytes; the bytes must stay valid until LoadModel() returns.
struct ModelOptions {
  std::string model_path;
  const void* model_data = nullptr;
  size_t model_bytes = 0;
  /// Threads that one operator may use, the calling one included. 1 runs everything on the calling thread.
  int intra_op_num_threads = 1;
  /// Leaves out all but the basic rewritings of the graph: the others change what FP8 pairs compute.
  bool basic_optimizations = false;
  /// Where the times of runs go; null records none.
  std::shared_ptr<StageLog> stage_log;
  /// Not empty: ONNX Runtime records its events and writes them to "<prefix>_<date>.json" when the executable
  /// goes.
  std::string profile_file_prefix;
};

/// Loads an ONNX model with the libonnxruntime at `library`. Blocks (tens of ms for a real model);
/// thread-safe. All contexts of the result share one set of weights and one thread pool. Throws
/// ERR_TRT_LOAD_ONNXRUNTIME_NOT_FOUND or ERR_TRT_RUN_MODEL.
std::shared_ptr<Executable> LoadModel(const std::string& library, const ModelOptions& options);

/// Version of the library at `library`, "1.30.0". Throws as LoadModel() does.
std::string LibraryVersion(const std::string& library);

}  // namespace trtn::ort
