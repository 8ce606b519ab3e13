// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/executable.h"
#include "core/stage_log.h"
#include "ort/api.h"

namespace trtn::ort {

/// GraphOptimizationLevel and ExecutionMode of onnxruntime_c_api.h.
enum class GraphOptimization : int { kDisabled = 0, kBasic = 1, kExtended = 2, kLayout = 3, kAll = 99 };
enum class ExecutionMode : int { kSequential = 0, kParallel = 1 };

/// A file of external data that is in memory.
struct ExternalFile {
  /// As the model names it.
  std::string path;
  const void* data = nullptr;
  size_t bytes = 0;
};

/// Settings of ONNX Runtime itself, which keeps its default where nothing is said.
struct RuntimeSettings {
  std::optional<GraphOptimization> graph_optimization;
  ExecutionMode execution_mode = ExecutionMode::kSequential;
  /// 0: as many as there are cores. Default: 1 for kSequential, 0 for kParallel.
  std::optional<int> inter_op_num_threads;
  std::optional<bool> cpu_mem_arena;
  std::optional<bool> mem_pattern;
  std::optional<std::string> log_id;
  std::optional<LogLevel> log_severity;
  std::optional<int> log_verbosity;
  std::vector<std::pair<std::string, int64_t>> free_dimensions;
  std::vector<std::pair<std::string, std::string>> config_entries;
  std::optional<std::string> optimized_model_path;
  /// The bytes must stay valid until LoadModel() returns.
  std::vector<ExternalFile> external_files;
};

/// How a model is loaded. Either a path or bytes; the bytes must stay valid until LoadModel() returns.
struct ModelOptions {
  std::string model_path;
  const void* model_data = nullptr;
  size_t model_bytes = 0;
  /// Threads that one operator may use, the calling one included. 1 runs everything on the calling thread.
  int intra_op_num_threads = 1;
  RuntimeSettings settings;
  /// Where the times of runs go; null records none.
  std::shared_ptr<StageLog> stage_log;
  /// Not empty: ONNX Runtime records its events and writes them to "<prefix>_<date>.json" when the executable
  /// goes.
  std::string profile_file_prefix;
};

/// Loads an ONNX model with the libonnxruntime at `library`. Blocks (tens of ms for a real model);
/// thread-safe. All contexts of the result share one set of weights and one thread pool. Throws
/// ERR_TRT_LOAD_ONNXRUNTIME_NOT_FOUND, ERR_TRT_RUN_MODEL, ERR_TRT_ARG_VALUE for settings that ONNX Runtime
/// refuses, or ERR_TRT_RUN_UNSUPPORTED for those that the library is too old for.
std::shared_ptr<Executable> LoadModel(const std::string& library, const ModelOptions& options);

/// Version of the library at `library`, "1.30.0". Throws as LoadModel() does.
std::string LibraryVersion(const std::string& library);

}  // namespace trtn::ort
