// SPDX-License-Identifier: Apache-2.0
//
// A deserialised plan and its execution contexts, as all three families of TensorRT have them, without a type
// of TensorRT: native/gpu is written once above this, native/trt/family implements it per family.
//
// Every member throws trtn::Error with the log lines of its call where TensorRT returns false or null;
// `where` is the method's name ("IExecutionContext::enqueueV3"). A method that the family or the library's
// version lacks is ERR_TRT_RUN_UNSUPPORTED and names the first version that has it. The device must be
// current on the calling thread; a context is used by one thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/builder.h"
#include "core/engine_control.h"
#include "core/tensor.h"
#include "cuda/driver_api.h"

namespace trtn::trt {

/// An input or output of a plan.
struct PlanTensor {
  TensorInfo info;
  bool is_input = false;
  /// TensorLocation::kHOST: its address is host memory (shape tensors).
  bool is_on_host = false;
  /// TensorFormat::kLINEAR: row-major, dense. The other fields are those of the first profile.
  bool is_linear = true;
  /// TensorRT's words for a format that is not linear, else empty.
  std::string format;
  /// A vectorised format pads `vector_dim` to a multiple of `components_per_element`. 1 and -1 for others.
  int components_per_element = 1;
  int vector_dim = -1;
};

/// How an execution context gets its activation memory.
enum class ContextMemory {
  /// Its own, for the largest shapes of all profiles.
  kStatic,
  /// Its own, reallocated when the profile changes.
  kOnProfileChange,
  /// Given by SetDeviceMemory() before each run: contexts that do not run at the same time share it.
  kShared
};

/// TensorRT-RTX: when kernels for exact shapes are compiled.
enum class DynamicShapeKernels { kLazy, kEager, kNone };

struct ContextOptions {
  ContextMemory memory = ContextMemory::kStatic;
  std::optional<uint64_t> persistent_cache_bytes;
  /// TensorRT-RTX only; elsewhere ERR_TRT_RUN_UNSUPPORTED when set.
  std::optional<DynamicShapeKernels> dynamic_shape_kernels;
  /// TensorRT-RTX only: the library captures and replays graphs itself (CudaGraphStrategy).
  bool library_graphs = false;
};

/// Memory for an output whose size is known only while the network runs (IOutputAllocator).
class OutputMemory {
 public:
  virtual ~OutputMemory() = default;
  /// Device memory of at least `bytes` that work on `stream` may write; null if there is none (the run then
  /// fails). Must not throw.
  virtual void* Reallocate(uint64_t bytes, uint64_t alignment, cuda::StreamHandle stream) noexcept = 0;
  virtual void NotifyShape(const std::vector<int64_t>& dims) noexcept = 0;
};

/// Hears of debug tensors while the network runs (IDebugListener). `address` is valid during the call only,
/// in stream order. Returning false fails the run.
using DebugListener =
    std::function<bool(const std::string& name, const TensorView& tensor, cuda::StreamHandle stream)>;

class PlanContext {
 public:
  virtual ~PlanContext() = default;
  /// Tensors are addressed by their index in PlanEngine::tensors().
  virtual int profile() const = 0;
  virtual void SelectProfile(int profile, cuda::StreamHandle stream) = 0;
  virtual void SetInputShape(size_t tensor, const std::vector<int64_t>& dims) = 0;
  virtual void SetAddress(size_t tensor, void* address) = 0;
  /// Names of the tensors that still lack a shape or values; empty when all shapes are known.
  virtual std::vector<std::string> InferShapes() = 0;
  /// -1 where only a run can tell.
  virtual std::vector<int64_t> Shape(size_t tensor) = 0;
  /// Upper bound in bytes for the current input shapes.
  virtual int64_t MaxOutputBytes(size_t tensor) = 0;
  /// Null takes it away. Must stay valid until then.
  virtual void SetOutputMemory(size_t tensor, OutputMemory* memory) = 0;
  /// Recorded by the next runs as soon as the inputs may be overwritten; null for none.
  virtual void SetInputConsumedEvent(cuda::EventHandle event) = 0;
  virtual void SetAuxStreams(const std::vector<cuda::StreamHandle>& streams) = 0;
  /// Bytes that SetDeviceMemory() needs for the current profile and shapes (kShared), which must all be
  /// known.
  virtual int64_t DeviceMemoryBytes() = 0;
  virtual void SetDeviceMemory(void* memory, int64_t bytes) = 0;
  virtual void SetDebugListener(DebugListener listener, const std::vector<std::string>& tensors,
                                bool all) = 0;
  virtual void ClearDebugListener() noexcept = 0;
  /// Turns the profiler on until LayerTimes(), which takes what was measured in the last run (a layer that
  /// ran more than once counts with its sum) and turns it off. The stream must be synchronised before.
  virtual void StartProfiling() = 0;
  virtual std::vector<LayerTime> LayerTimes() = 0;
  /// Whether an Enqueue() on this stream may be captured now; families without the question say true.
  virtual bool IsCapturable(cuda::StreamHandle stream) = 0;
  /// Enqueues the network; does not wait. Throws ERR_TRT_RUN_FAILED.
  virtual void Enqueue(cuda::StreamHandle stream) = 0;
};

class PlanEngine {
 public:
  virtual ~PlanEngine() = default;
  virtual const std::vector<PlanTensor>& tensors() const = 0;
  /// Ranges of the inputs, in the order of the inputs among tensors(): [profile][input].
  virtual const std::vector<std::vector<EngineControl::Range>>& profiles() const = 0;
  /// Contexts must be gone before their engine. Throws ERR_TRT_CUDA_OUT_OF_MEMORY or ERR_TRT_RUN_FAILED.
  virtual std::unique_ptr<PlanContext> CreateContext(const ContextOptions& options) = 0;
  virtual int aux_streams() const = 0;
  virtual int64_t device_memory_bytes() const = 0;
  virtual std::string InspectorJson() = 0;
  virtual std::vector<std::pair<std::string, double>> Statistics() = 0;
  /// Those that can be found: inputs and outputs, and inner ones if the plan was built with detailed
  /// verbosity.
  virtual std::vector<std::string> DebugTensors() = 0;
  /// Bytes of weights on the device; -1 lets TensorRT choose. Before any context exists. A plan that was not
  /// built for it is ERR_TRT_RUN_UNSUPPORTED, unless TensorRT is to choose.
  virtual void SetWeightStreamingBudget(int64_t bytes) = 0;
  /// Replaces the weights on `stream`, which is synchronised before this returns; nothing else may use the
  /// engine meanwhile. Needs the parser library. Contexts stay valid, captured graphs do not. See
  /// EngineControl::Refit().
  virtual void Refit(const RefitRequest& request, cuda::StreamHandle stream) = 0;
  /// TensorRT-RTX only; before any context exists. Bytes that the library refuses are ignored.
  virtual void LoadRuntimeCache(const std::vector<uint8_t>& bytes) = 0;
  virtual std::vector<uint8_t> SerializeRuntimeCache() = 0;
};

/// Gives the plan's bytes piece by piece (IStreamReaderV2), so that a plan in a file is never in host memory
/// as a whole.
class PlanSource {
 public:
  virtual ~PlanSource() = default;
  /// Reads up to `bytes` at the position to host memory; returns how many, negative on failure.
  virtual int64_t Read(void* destination, int64_t bytes) noexcept = 0;
  /// As lseek's: origin 0 start, 1 current, 2 end. False on failure.
  virtual bool Seek(int64_t offset, int origin) noexcept = 0;
  virtual uint64_t size() const = 0;
};

/// A TensorRT library that can run plans: the full one, or the lean one of its family.
struct RuntimeLibraryOptions {
  /// libnvinfer, libtensorrt_rtx or libnvinfer_lean.
  std::string library;
  /// The ONNX parser, for refitting; may be empty.
  std::string parser;
  std::string driver_path;
  /// Plugin libraries, loaded into the registry before anything is deserialised.
  std::vector<std::string> plugins;
};

class PlanRuntime {
 public:
  virtual ~PlanRuntime() = default;
  virtual Family family() const = 0;
  virtual int library_version() const = 0;
  virtual std::string version_text() const = 0;
  /// From memory, or from a source where `data` is null (copied into memory first by libraries without
  /// IStreamReaderV2). Plans that carry their own lean runtime code need `allow_host_code`. Throws
  /// ERR_TRT_LOAD_DESERIALIZE, ERR_TRT_LOAD_PLUGIN, ERR_TRT_LOAD_PLAN_VERSION, ERR_TRT_LOAD_PLAN_DEVICE,
  /// ERR_TRT_CUDA_OUT_OF_MEMORY.
  virtual std::shared_ptr<PlanEngine> Deserialize(const void* data, size_t bytes, PlanSource* source,
                                                  bool allow_host_code) = 0;
};

/// Opens the library (and plugins) and makes its runtime. The driver is probed before TensorRT 10 and 11,
/// which may end the process without one. Throws ERR_TRT_LOAD_TENSORRT_*, ERR_TRT_LOAD_PLUGIN,
/// ERR_TRT_CUDA_*.
std::shared_ptr<PlanRuntime> OpenPlanRuntime(const RuntimeLibraryOptions& options);

}  // namespace trtn::trt
