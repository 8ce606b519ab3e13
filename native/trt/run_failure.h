// SPDX-License-Identifier: Apache-2.0
//
// TensorRT says no with a null or a false; why stands in its log. These functions read the log of one call
// and make the error of it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/error.h"

namespace trtn::trt {

/// A plugin creator that a plan asked for, as far as the log names it.
struct MissingPlugin {
  std::string name, version, name_space;
};

/// Finds the words with which TensorRT 8.6 to 11 and RTX say that a plugin's creator is not registered. False
/// if the log has none of them.
bool FindMissingPlugin(const std::vector<LogLine>& log, MissingPlugin& plugin);

/// A plan that was refused: ERR_TRT_LOAD_PLAN_VERSION, ERR_TRT_LOAD_PLAN_DEVICE, ERR_TRT_LOAD_PLUGIN,
/// ERR_TRT_CUDA_OUT_OF_MEMORY or ERR_TRT_LOAD_DESERIALIZE. `product` is the library ("TensorRT 10.15.1").
Error DeserializeFailure(const std::string& product, const char* where, std::vector<LogLine> log);

/// An execution context that was refused: ERR_TRT_CUDA_OUT_OF_MEMORY with the bytes that a context needs if
/// the log speaks of memory, else ERR_TRT_RUN_FAILED.
Error ContextFailure(int64_t needed_bytes, const char* where, std::vector<LogLine> log);

/// Any other call: ERR_TRT_CUDA_OUT_OF_MEMORY or ERR_TRT_RUN_FAILED. `what` is what could not be done
/// ("cannot enqueue the network").
Error RunFailure(const std::string& what, const char* where, std::vector<LogLine> log);

/// ERR_TRT_RUN_PROFILE if the log says that the shape is outside the profile, else as RunFailure().
Error ShapeFailure(const std::string& what, const char* where, std::vector<LogLine> log);

/// ERR_TRT_RUN_REFIT; `missing` are the weights that the new model does not give.
Error RefitFailure(const std::string& message, const char* where, std::vector<std::string> missing,
                   std::vector<LogLine> log);

/// ERR_TRT_RUN_UNSUPPORTED: `method` is not in `product`, but in `has_it` ("TensorRT-RTX 1.3").
Error Unsupported(const char* method, const std::string& product, const std::string& has_it);

}  // namespace trtn::trt
