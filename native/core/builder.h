// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/log.h"
#include "core/tensor.h"

namespace trtn {

/// ABI families of TensorRT; each is compiled from the same sources against its own headers.
enum class Family { kTensorRt10, kTensorRt11, kTensorRtRtx };
/// "tensorrt-10", "tensorrt-11" or "tensorrt-rtx".
const char* FamilyName(Family family);

/// One input's range inside an optimisation profile.
struct ProfileRange {
  std::string input;
  /// False: min/opt/max are dimensions. True: they are the values of a shape tensor.
  bool is_values = false;
  std::vector<int64_t> min, opt, max;
};
using Profile = std::vector<ProfileRange>;

enum class HardwareCompatibility { kNone, kAmperePlus, kSameComputeCapability };
enum class Verbosity { kLayerNamesOnly, kNone, kDetailed };
/// kIdentical: refit may only restore the build weights.
enum class Refit { kNone, kAll, kIdentical };

/// What to build. Unset options keep the library's default. An option that the family lacks is an
/// ERR_TRT_BUILD_OPTION_UNSUPPORTED, never ignored.
struct BuildRequest {
  /// Either a path or bytes; the bytes must stay valid until Build() returns.
  std::string model_path;
  const void* model_data = nullptr;
  size_t model_bytes = 0;
  /// Where the engine is streamed to; empty keeps it in memory.
  std::string output_path;
  std::vector<Profile> profiles;
  std::optional<uint64_t> workspace_bytes;
  std::optional<uint64_t> tactic_shared_memory_bytes;
  std::optional<int> optimization_level;
  /// A serialised timing cache to start from; `use_timing_cache` alone starts an empty one.
  bool use_timing_cache = false;
  std::vector<uint8_t> timing_cache;
  std::optional<HardwareCompatibility> hardware_compatibility;
  bool version_compatible = false;
  bool exclude_lean_runtime = false;
  /// TensorRT-RTX only: 75, 80, 86, …; 1 is the GPU at hand.
  std::vector<int> compute_capabilities;
  std::optional<Verbosity> profiling_verbosity;
  bool weight_streaming = false;
  Refit refit = Refit::kNone;
  bool strip_plan = false;
  bool sparse_weights = false;
  bool disable_tf32 = false;
  std::optional<int> max_aux_streams;
  /// Lines less severe than this are dropped before they are formatted.
  Severity log_severity = Severity::kWarning;
};

struct BuildProgress {
  std::string phase;
  std::string parent;  // empty for an outermost phase
  int step = 0;
  int steps = 0;
  bool finished = false;
};

/// Called on the building thread; must return fast.
struct BuildObserver {
  std::function<void(const BuildProgress&)> on_progress;
  std::function<void(const LogLine&)> on_log;
  /// Polled at every progress event; true stops the build with ERR_TRT_BUILD_CANCELLED.
  std::function<bool()> is_cancelled;
};

struct BuildResult {
  std::vector<uint8_t> engine;  // empty when it went to output_path
  uint64_t engine_bytes = 0;
  std::string library_version;  // "1.7.1.116" style as far as the library tells
  std::vector<TensorInfo> inputs, outputs;
  int layers = 0;
  double parse_ms = 0, build_ms = 0;
  std::vector<uint8_t> timing_cache;
  std::vector<LogLine> log;
};

/// A TensorRT library pair (builder and ONNX parser) of one family, opened and checked.
class BuilderBackend {
 public:
  virtual ~BuilderBackend() = default;
  virtual Family family() const = 0;
  /// getInferLibVersion(): 10701 for RTX 1.7.1, 110201 for 11.2.1.
  virtual int library_version() const = 0;
  /// Blocks the calling thread until the engine is built. Thread-safe. Throws trtn::Error.
  virtual BuildResult Build(const BuildRequest& request, const BuildObserver& observer) = 0;
};

}  // namespace trtn
