// SPDX-License-Identifier: Apache-2.0
//
// What runtimes, engines and contexts are made of. Each level holds the one above it by shared_ptr, so the
// order that TensorRT demands (contexts die before their engine, engines before their runtime) cannot go
// wrong, whatever is dropped first by the caller.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/log_capture.h"
#include "trt/family/error_recorder.h"
#include "trt/family/nvinfer.h"
#include "trt/plan_library.h"

namespace trtn::trt::TRTN_FAMILY {

// First versions (getInferLibVersion's numbering) with methods that the family's oldest supported library
// lacks: an older one has no such slot in its virtual table.
#if TRTN_IS_10
constexpr int kStreamReaderV2Since = 100700;
constexpr int kProfileValuesV2Since = 101100;
constexpr int kEngineStatSince = 101400;
#else
constexpr int kStreamReaderV2Since = 0;
constexpr int kProfileValuesV2Since = 0;
constexpr int kEngineStatSince = 0;
#endif

/// The one IRuntime of an opened library.
struct RuntimeState {
  PlanLibrary library;
  /// Heard by the runtime and everything that it makes; outlives them.
  ErrorRecorder recorder;
  Owned<nv::IRuntime> runtime;

  bool AtLeast(int version) const { return library.version >= version; }
  /// "TensorRT-RTX 1.7.1"
  std::string Product() const;
  /// The lines of a call that failed. Empties the recorder for the next failure.
  std::vector<LogLine> Take(const LogCapture& log);
};

/// A deserialised engine. The tensors' names stay at their addresses.
struct EngineState {
  std::shared_ptr<RuntimeState> runtime;
  std::vector<PlanTensor> tensors;
  std::vector<std::vector<EngineControl::Range>> profiles;
  Owned<nv::ICudaEngine> engine;
#if TRTN_IS_RTX
  /// Kernels compiled at run time; every context uses it. Made with the first context at the latest.
  std::mutex cache_mutex;
  Owned<nv::IRuntimeConfig> cache_config;
  Owned<nv::IRuntimeCache> cache;
#endif
};

}  // namespace trtn::trt::TRTN_FAMILY
