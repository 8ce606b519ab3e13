// SPDX-License-Identifier: Apache-2.0
//
// One IExecutionContext. A LogCapture is opened around each call that may fail: it costs some 50 ns, keeps
// the lines away from captures of other threads, and has the reason at hand when the call says no. Texts are
// made only then.
#include "trt/family/plan_context.h"

#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "trt/family/context_creation.h"
#include "trt/family/debug_listener.h"
#include "trt/family/layer_profiler.h"
#include "trt/family/output_allocator.h"
#include "trt/family/tensor_description.h"
#include "trt/run_failure.h"

namespace trtn::trt::TRTN_FAMILY {
namespace {

std::string DimsText(const std::vector<int64_t>& dims) {
  std::string text = "[";
  for (size_t i = 0; i < dims.size(); i++) text += (i > 0 ? "," : "") + std::to_string(dims[i]);
  return text + "]";
}

bool HasErrors(const std::vector<LogLine>& lines) {
  for (const LogLine& line : lines) {
    if (line.severity <= Severity::kError) return true;
  }
  return false;
}

class Context final : public PlanContext {
 public:
  Context(std::shared_ptr<EngineState> engine, CreatedContext created)
      : engine_(std::move(engine)),
        allocators_(engine_->tensors.size()),
        created_(std::move(created)),
        context_(*created_.context) {}

  int profile() const override { return context_.getOptimizationProfile(); }
  void SelectProfile(int profile, cuda::StreamHandle stream) override;
  void SetInputShape(size_t tensor, const std::vector<int64_t>& dims) override;
  void SetAddress(size_t tensor, void* address) override;
  std::vector<std::string> InferShapes() override;
  std::vector<int64_t> Shape(size_t tensor) override;
  int64_t MaxOutputBytes(size_t tensor) override;
  void SetOutputMemory(size_t tensor, OutputMemory* memory) override;
  void SetInputConsumedEvent(cuda::EventHandle event) override;
  void SetAuxStreams(const std::vector<cuda::StreamHandle>& streams) override;
  int64_t DeviceMemoryBytes() override;
  void SetDeviceMemory(void* memory, int64_t bytes) override;
  void SetDebugListener(DebugListener listener, const std::vector<std::string>& tensors, bool all) override;
  void ClearDebugListener() noexcept override;
  void StartProfiling() override;
  std::vector<LayerTime> LayerTimes() override;
  bool IsCapturable(cuda::StreamHandle stream) override;
  void Enqueue(cuda::StreamHandle stream) override;

 private:
  const char* Name(size_t tensor) const { return engine_->tensors[tensor].info.name.c_str(); }
  std::string Quoted(size_t tensor) const { return "'" + engine_->tensors[tensor].info.name + "'"; }
  [[noreturn]] void Fail(const std::string& what, const char* where, const LogCapture& log) const {
    throw RunFailure(what, where, engine_->runtime->Take(log));
  }

  // Declared before the context, which is thus destroyed before what it points to.
  const std::shared_ptr<EngineState> engine_;
  std::vector<std::unique_ptr<OutputAllocator>> allocators_;
  std::unique_ptr<DebugTensorListener> listener_;
  LayerProfiler profiler_;
  std::vector<cuda::StreamHandle> aux_streams_;
  CreatedContext created_;
  nv::IExecutionContext& context_;
};

void Context::SelectProfile(int profile, cuda::StreamHandle stream) {
  const LogCapture log(Severity::kWarning);
  if (context_.setOptimizationProfileAsync(profile, stream)) return;
  Fail("cannot select profile " + std::to_string(profile), "IExecutionContext::setOptimizationProfileAsync",
       log);
}

void Context::SetInputShape(size_t tensor, const std::vector<int64_t>& dims) {
  constexpr char kWhere[] = "IExecutionContext::setInputShape";
  const LogCapture log(Severity::kWarning);
  nv::Dims shape;
  if (ToDims(dims, shape) && context_.setInputShape(Name(tensor), shape)) return;
  throw ShapeFailure("refuses the shape " + DimsText(dims) + " for " + Quoted(tensor), kWhere,
                     engine_->runtime->Take(log));
}

void Context::SetAddress(size_t tensor, void* address) {
  const LogCapture log(Severity::kError);
  if (context_.setTensorAddress(Name(tensor), address)) return;
  Fail("refuses the address of " + Quoted(tensor), "IExecutionContext::setTensorAddress", log);
}

std::vector<std::string> Context::InferShapes() {
  const LogCapture log(Severity::kWarning);
  std::vector<const char*> names(engine_->tensors.size(), nullptr);
  const int32_t missing = context_.inferShapes(static_cast<int32_t>(names.size()), names.data());
  if (missing < 0) Fail("cannot infer the shapes", "IExecutionContext::inferShapes", log);
  std::vector<std::string> result;
  for (size_t i = 0; i < static_cast<size_t>(missing) && i < names.size(); i++) {
    result.push_back(names[i] != nullptr ? names[i] : "");
  }
  return result;
}

std::vector<int64_t> Context::Shape(size_t tensor) {
  const LogCapture log(Severity::kWarning);
  const nv::Dims dims = context_.getTensorShape(Name(tensor));
  if (dims.nbDims < 0) {
    Fail("does not know the shape of " + Quoted(tensor), "IExecutionContext::getTensorShape", log);
  }
  return ToVector(dims);
}

int64_t Context::MaxOutputBytes(size_t tensor) {
  const LogCapture log(Severity::kWarning);
  const int64_t bytes = context_.getMaxOutputSize(Name(tensor));
  if (bytes < 0) {
    Fail("does not know the largest size of " + Quoted(tensor), "IExecutionContext::getMaxOutputSize", log);
  }
  return bytes;
}

void Context::SetOutputMemory(size_t tensor, OutputMemory* memory) {
  const LogCapture log(Severity::kWarning);
  auto allocator = memory != nullptr ? std::make_unique<OutputAllocator>(*memory) : nullptr;
  if (!context_.setOutputAllocator(Name(tensor), allocator.get())) {
    Fail("refuses the output allocator of " + Quoted(tensor), "IExecutionContext::setOutputAllocator", log);
  }
  allocators_[tensor] = std::move(allocator);
}

void Context::SetInputConsumedEvent(cuda::EventHandle event) {
  const LogCapture log(Severity::kWarning);
  if (context_.setInputConsumedEvent(event)) return;
  Fail("refuses the event for consumed inputs", "IExecutionContext::setInputConsumedEvent", log);
}

void Context::SetAuxStreams(const std::vector<cuda::StreamHandle>& streams) {
  const LogCapture log(Severity::kError);
  // Kept: whether the library copies the array is not documented.
  aux_streams_ = streams;
  context_.setAuxStreams(aux_streams_.data(), static_cast<int32_t>(aux_streams_.size()));
  if (HasErrors(log.Lines())) Fail("refuses the streams", "IExecutionContext::setAuxStreams", log);
}

int64_t Context::DeviceMemoryBytes() {
  const LogCapture log(Severity::kError);
  // 0 is an error, or a network that needs none: the log knows which.
  const size_t bytes = context_.updateDeviceMemorySizeForShapes();
  if (bytes == 0 && HasErrors(log.Lines())) {
    Fail("cannot tell the memory for these shapes", "IExecutionContext::updateDeviceMemorySizeForShapes",
         log);
  }
  return static_cast<int64_t>(bytes);
}

void Context::SetDeviceMemory(void* memory, int64_t bytes) {
  const LogCapture log(Severity::kError);
  context_.setDeviceMemoryV2(memory, bytes);
  if (HasErrors(log.Lines())) {
    Fail("refuses " + std::to_string(bytes) + " bytes of memory", "IExecutionContext::setDeviceMemoryV2",
         log);
  }
}

void Context::SetDebugListener(DebugListener listener, const std::vector<std::string>& tensors, bool all) {
  ClearDebugListener();
  const LogCapture log(Severity::kWarning);
  auto made = std::make_unique<DebugTensorListener>(std::move(listener));
  if (!context_.setDebugListener(made.get())) {
    Fail("refuses the listener for debug tensors", "IExecutionContext::setDebugListener", log);
  }
  listener_ = std::move(made);
  if (all && !context_.setAllTensorsDebugState(true)) {
    Fail("cannot watch the debug tensors", "IExecutionContext::setAllTensorsDebugState", log);
  }
  for (const std::string& name : tensors) {
    if (context_.setTensorDebugState(name.c_str(), true)) continue;
    Fail("cannot watch '" + name + "': it was not marked as a debug tensor when the plan was built",
         "IExecutionContext::setTensorDebugState", log);
  }
}

void Context::ClearDebugListener() noexcept {
  if (!listener_) return;
  const LogCapture log(Severity::kInternalError);
  context_.setAllTensorsDebugState(false);
  // A library that keeps the listener in spite of this must not find it gone.
  if (context_.setDebugListener(nullptr)) listener_.reset();
}

void Context::StartProfiling() {
  const LogCapture log(Severity::kWarning);
  profiler_.Take();
  // Else each enqueue would wait for the device to report.
  context_.setEnqueueEmitsProfile(false);
  context_.setProfiler(&profiler_);
  if (HasErrors(log.Lines())) Fail("refuses the profiler", "IExecutionContext::setProfiler", log);
}

std::vector<LayerTime> Context::LayerTimes() {
  const LogCapture log(Severity::kWarning);
  const bool is_reported = context_.reportToProfiler();
  context_.setProfiler(nullptr);
  std::vector<LayerTime> times = profiler_.Take();
  if (!is_reported) Fail("has no times of the layers", "IExecutionContext::reportToProfiler", log);
  return times;
}

bool Context::IsCapturable(cuda::StreamHandle stream) {
#if TRTN_IS_RTX
  const LogCapture log(Severity::kError);
  return context_.isStreamCapturable(stream);
#else
  // With weights streamed in, enqueueV3 is synchronous.
  const nv::ICudaEngine& engine = *engine_->engine;
  const int64_t streamable = engine.getStreamableWeightsSize();
  return streamable <= 0 || engine.getWeightStreamingBudgetV2() >= streamable;
#endif
}

void Context::Enqueue(cuda::StreamHandle stream) {
  const LogCapture log(Severity::kError);
  if (context_.enqueueV3(stream)) return;
  Fail("cannot run the network", "IExecutionContext::enqueueV3", log);
}

}  // namespace

std::unique_ptr<PlanContext> CreatePlanContext(std::shared_ptr<EngineState> engine,
                                               const ContextOptions& options) {
  CreatedContext created = CreateExecutionContext(*engine, options);
  return std::make_unique<Context>(std::move(engine), std::move(created));
}

}  // namespace trtn::trt::TRTN_FAMILY
