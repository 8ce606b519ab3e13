// SPDX-License-Identifier: Apache-2.0
#include "gpu/gpu_model.h"

#include <algorithm>
#include <new>
#include <utility>

#include "core/error.h"
#include "cuda/device_memory.h"
#include "cuda/memory_error.h"
#include "gpu/bound.h"
#include "gpu/context.h"
#include "gpu/control.h"
#include "gpu/model.h"
#include "gpu/plan_source.h"

namespace trtn::gpu {

namespace {

/// Of a thread that runs calls, from EnterThread() to LeaveThread(); a thread belongs to one session.
thread_local std::unique_ptr<cuda::OwnThread> own_thread;
/// Of other threads, the innermost call last.
thread_local std::vector<std::unique_ptr<cuda::ScopedDevice>> foreign_calls;

/// What `make` returns. TensorRT's own allocations fail without a word about what the device has left.
template <class Make>
auto WithFreeMemory(cuda::Device& device, Make make) {
  try {
    return make();
  } catch (Error& error) {
    if (error.code() == "ERR_TRT_CUDA_OUT_OF_MEMORY") cuda::AddFreeMemory(device, error);
    throw;
  }
}

class GpuExecutable final : public Executable {
 public:
  explicit GpuExecutable(std::shared_ptr<Model> model) : model_(std::move(model)), control_(*model_) {}
  const std::vector<TensorInfo>& inputs() const override { return model_->inputs; }
  const std::vector<TensorInfo>& outputs() const override { return model_->outputs; }
  std::unique_ptr<ExecutionContext> CreateContext() override {
    model_->device->ThrowIfPoisoned();
    return WithFreeMemory(*model_->device, [this] { return std::make_unique<GpuContext>(model_); });
  }
  std::unique_ptr<BoundExecution> Bind(const std::vector<TensorView>& inputs,
                                       const std::vector<TensorView>& outputs) override {
    return WithFreeMemory(*model_->device,
                          [&] { return std::make_unique<GpuBound>(model_, inputs, outputs); });
  }
  const std::shared_ptr<HostPool>& host_pool() const override { return model_->host_pool; }
  std::shared_ptr<void> AllocateDeviceTensor(size_t bytes, const std::string& what) override {
    const cuda::ScopedDevice scope = model_->device->Use();
    return cuda::AllocateSharedDeviceMemory(model_->device, bytes, what);
  }
  EngineControl* control() override { return &control_; }
  void EnterThread() override {
    own_thread = std::make_unique<cuda::OwnThread>();
    try {
      model_->device->Activate();
    } catch (...) {
      own_thread.reset();
      throw;
    }
  }
  void LeaveThread() noexcept override { own_thread.reset(); }
  void EnterForeignThread() override {
    foreign_calls.push_back(std::make_unique<cuda::ScopedDevice>(*model_->device));
  }
  void LeaveForeignThread() noexcept override { foreign_calls.pop_back(); }

 private:
  const std::shared_ptr<Model> model_;
  GpuControl control_;
};

using Kernels = trt::DynamicShapeKernels;

bool HasDynamicInputs(const trt::PlanEngine& engine) {
  for (const trt::PlanTensor& tensor : engine.tensors()) {
    const std::vector<int64_t>& dims = tensor.info.dims;
    if (tensor.is_input && std::find(dims.begin(), dims.end(), -1) != dims.end()) return true;
  }
  return false;
}

/// TensorRT-RTX starts a new shape with general kernels and compiles better ones while they run. A graph of
/// ours would keep the first ones for good: so the library captures, once it has what it wants, or compiles
/// before.
void ChooseRtxGraphs(const trt::PlanEngine& engine, RunSettings& settings) {
  const auto& kernels = settings.context.dynamic_shape_kernels;
  if (!HasDynamicInputs(engine) || kernels.value_or(Kernels::kLazy) != Kernels::kLazy) return;
  if (settings.graphs == GraphMode::kOn && !kernels) {
    settings.context.dynamic_shape_kernels = Kernels::kEager;
  } else if (settings.graphs != GraphMode::kOff) {
    settings.context.library_graphs = true;
    settings.graphs = GraphMode::kOff;
  }
}

void RequireProfile(const trt::PlanEngine& engine, std::optional<int> profile) {
  const size_t count = engine.profiles().size();
  if (!profile || (*profile >= 0 && static_cast<size_t>(*profile) < count)) return;
  throw Error("ERR_TRT_RUN_PROFILE", "Expected one of the engine's " + std::to_string(count) +
                                         " profiles, counted from 0, got " + std::to_string(*profile) + ".");
}

std::shared_ptr<trt::PlanEngine> DeserializePlan(trt::PlanRuntime& runtime, const GpuModelOptions& options) {
  if (options.plan_data != nullptr || options.plan_path.empty()) {
    return runtime.Deserialize(options.plan_data, options.plan_bytes, nullptr, options.allow_host_code);
  }
  FilePlanSource source(options.plan_path);
  return runtime.Deserialize(nullptr, 0, &source, options.allow_host_code);
}

/// TensorRT does not say that the device is lost; any call of the driver does.
void PoisonIfLost(cuda::Device& device) noexcept {
  try {
    device.memory();
  } catch (...) {
    // The device remembers it; what is thrown is the error of the loading.
  }
}

}  // namespace

std::shared_ptr<Executable> MakeExecutable(std::shared_ptr<cuda::Device> device,
                                           std::shared_ptr<trt::PlanRuntime> runtime,
                                           std::shared_ptr<trt::PlanEngine> engine,
                                           const GpuModelOptions& options) {
  RequireProfile(*engine, options.profile);
  if (options.weight_streaming_budget_bytes)
    engine->SetWeightStreamingBudget(*options.weight_streaming_budget_bytes);
  if (!options.runtime_cache.empty()) engine->LoadRuntimeCache(options.runtime_cache);
  RunSettings settings = options;
  if (runtime->family() == Family::kTensorRtRtx) ChooseRtxGraphs(*engine, settings);
  return std::make_shared<GpuExecutable>(std::make_shared<Model>(
      std::move(device), std::move(runtime), std::move(engine), settings, options.pinned_limit_bytes));
}

std::shared_ptr<Executable> LoadPlan(const GpuModelOptions& options) {
  std::shared_ptr<cuda::Device> device =
      cuda::Device::Open(cuda::Driver::Open(options.libraries.driver_path), options.device);
  const cuda::ScopedDevice scope = device->Use();
  std::shared_ptr<trt::PlanRuntime> runtime = trt::OpenPlanRuntime(options.libraries);
  std::shared_ptr<trt::PlanEngine> engine;
  try {
    engine = WithFreeMemory(*device, [&] { return DeserializePlan(*runtime, options); });
    return MakeExecutable(device, runtime, std::move(engine), options);
  } catch (...) {
    PoisonIfLost(*device);
    throw;
  }
}

}  // namespace trtn::gpu
