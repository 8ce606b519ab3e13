// SPDX-License-Identifier: Apache-2.0
#include "ort/executable.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/error.h"
#include "core/steady_clock.h"
#include "ort/element_types.h"
#include "ort/model.h"
#include "ort/string_tensors.h"

namespace trtn::ort {

namespace {

constexpr char kRunError[] = "ERR_TRT_RUN_FAILED";

void RequireHost(const TensorView& view) {
  if (view.place == MemoryPlace::kHost) return;
  throw Error("ERR_TRT_RUN_DEVICE_TENSOR",
              "Expected tensors in host memory; the CPU backend cannot use device memory.");
}

ValueHandle Wrap(const Model& model, const TensorView& view) {
  RequireHost(view);
  if (view.type == ElementType::kString) return MakeStringTensor(model, view);
  // An empty tensor still needs an address that is not null.
  static char nothing[64];
  void* data = view.data != nullptr ? view.data : nothing;
  Value* value = nullptr;
  const Runtime& runtime = model.runtime;
  runtime.Check(
      runtime.api().CreateTensorWithDataAsOrtValue(runtime.host_memory(), data, view.bytes, view.dims.data(),
                                                   view.dims.size(), ToOnnxType(view.type), &value),
      kRunError, "CreateTensorWithDataAsOrtValue");
  return ValueHandle(value, runtime.api().ReleaseValue);
}

/// A tensor that ONNX Runtime made: type, dimensions and where its elements are, which of strings are packed.
void Describe(const Model& model, OwnedOutput& output) {
  auto* value = static_cast<Value*>(output.owner.get());
  const Runtime& runtime = model.runtime;
  const Api& api = runtime.api();
  TensorTypeInfo* raw = nullptr;
  runtime.Check(api.GetTensorTypeAndShape(value, &raw), kRunError, "GetTensorTypeAndShape");
  Handle<TensorTypeInfo> info(raw, api.ReleaseTensorTypeAndShapeInfo);
  int type = 0;
  size_t rank = 0;
  runtime.Check(api.GetTensorElementType(info.get(), &type), kRunError, "GetTensorElementType");
  runtime.Check(api.GetDimensionsCount(info.get(), &rank), kRunError, "GetDimensionsCount");
  TensorView& view = output.view;
  view.type = FromOnnxType(type);
  view.dims.resize(rank);
  runtime.Check(api.GetDimensions(info.get(), view.dims.data(), rank), kRunError, "GetDimensions");
  if (view.type == ElementType::kString) return PackStringTensor(model, output);
  view.bytes = TensorBytes(view.type, view.dims);
  runtime.Check(api.GetTensorMutableData(value, &view.data), kRunError, "GetTensorMutableData");
}

/// Whether `output` begins in the memory of one of `inputs`.
bool IsInMemoryOf(const std::vector<TensorView>& inputs, const TensorView& output) {
  const auto place = reinterpret_cast<uintptr_t>(output.data);
  return std::any_of(inputs.begin(), inputs.end(), [place](const TensorView& input) {
    const auto start = reinterpret_cast<uintptr_t>(input.data);
    return place >= start && place - start < input.bytes;
  });
}

/// RunOptions that can be told, from any thread, to end the run they belong to.
class Interruptible {
 public:
  explicit Interruptible(const Runtime& runtime)
      : api_(runtime.api()), options_(nullptr, api_.ReleaseRunOptions) {
    RunOptions* raw = nullptr;
    runtime.Check(api_.CreateRunOptions(&raw), kRunError, "CreateRunOptions");
    options_.reset(raw);
  }
  const RunOptions* get() const { return options_.get(); }
  void Interrupt() noexcept {
    Status* status = api_.RunOptionsSetTerminate(options_.get());
    if (status != nullptr) api_.ReleaseStatus(status);
  }

 private:
  const Api& api_;
  Handle<RunOptions> options_;
};

/// Runs with everything in place; a failure carries what ONNX Runtime logged on this thread.
void RunModel(const Model& model, const RunOptions* options, const std::vector<Value*>& inputs,
              const std::vector<const char*>& output_names, std::vector<Value*>& outputs) {
  ThreadLog capture;
  Status* status =
      model.runtime.api().Run(model.session.get(), options, model.input_names.data(), inputs.data(),
                              inputs.size(), output_names.data(), outputs.size(), outputs.data());
  if (status != nullptr) model.runtime.Throw(status, kRunError, "Run", capture.Take());
}

/// Logs the runs of one context or binding, where the model has a log.
class RunTimer {
 public:
  explicit RunTimer(const Model& model)
      : log_(model.stage_log), context_(log_ == nullptr ? 0 : log_->NextContext()) {}

  /// What `run` throws is not logged.
  template <class Run>
  void Measure(Run run) const {
    if (log_ == nullptr) return run();
    StageTimes times;
    times.context = context_;
    times.compute_start = SteadyMilliseconds();
    run();
    times.compute_end = SteadyMilliseconds();
    log_->Add(times);
  }

 private:
  const std::shared_ptr<StageLog> log_;
  const int context_;
};

class Context : public ExecutionContext {
 public:
  Context(std::shared_ptr<const Model> model, std::shared_ptr<HostPool> host_pool)
      : model_(std::move(model)),
        host_pool_(std::move(host_pool)),
        options_(model_->runtime),
        timer_(*model_) {}

  void Run(const std::vector<TensorView>& inputs, std::vector<OutputSlot>& outputs) override {
    Execute(inputs, outputs, &timer_);
  }

  std::vector<TensorView> ResolveOutputs(const std::vector<TensorView>& inputs) override {
    std::vector<OutputSlot> outputs(model_->outputs.size());
    // Not one of the caller's runs.
    Execute(inputs, outputs, nullptr);
    std::vector<TensorView> views;
    for (OutputSlot& slot : outputs) {
      slot.owned.view.data = nullptr;
      views.push_back(std::move(slot.owned.view));
    }
    return views;
  }

  void Interrupt() noexcept override { options_.Interrupt(); }

 private:
  void Execute(const std::vector<TensorView>& inputs, std::vector<OutputSlot>& outputs,
               const RunTimer* timer) {
    std::vector<ValueHandle> held;
    std::vector<Value*> in, out;
    std::vector<const char*> names;
    held.reserve(inputs.size() + outputs.size());
    for (const TensorView& view : inputs) in.push_back(Keep(held, Wrap(*model_, view)));
    for (size_t i = 0; i < outputs.size(); ++i) {
      if (!outputs[i].wanted) continue;
      names.push_back(model_->output_names[i]);
      const TensorView& view = outputs[i].view;
      RequireHost(view);
      out.push_back(view.data != nullptr ? Keep(held, Wrap(*model_, view)) : nullptr);
    }
    const auto run = [&] { RunModel(*model_, options_.get(), in, names, out); };
    if (timer != nullptr) {
      timer->Measure(run);
    } else {
      run();
    }
    TakeOver(outputs, out);
    for (OutputSlot& slot : outputs) {
      // ONNX Runtime gives an input that is an output as it came: in the caller's memory.
      if (slot.owned.owner != nullptr && IsInMemoryOf(inputs, slot.owned.view)) CopyOut(slot.owned);
    }
  }

  /// Moves an output into memory of its own.
  void CopyOut(OwnedOutput& output) {
    HostPool::Block block = host_pool_->Acquire(output.view.bytes);
    std::memcpy(block.data(), output.view.data, output.view.bytes);
    output.view.data = block.data();
    output.owner = HostPool::Share(std::move(block));
  }

  static Value* Keep(std::vector<ValueHandle>& held, ValueHandle value) {
    held.push_back(std::move(value));
    return held.back().get();
  }

  /// Hands the tensors that ONNX Runtime allocated to their slots.
  void TakeOver(std::vector<OutputSlot>& outputs, const std::vector<Value*>& values) {
    size_t next = 0;
    std::vector<OutputSlot*> made;
    for (OutputSlot& slot : outputs) {
      if (!slot.wanted) continue;
      Value* value = values[next++];
      if (slot.view.data != nullptr) continue;
      // The model is held too: its arena owns the memory.
      slot.owned.owner = std::shared_ptr<void>(value, [model = model_](void* owned) {
        model->runtime.api().ReleaseValue(static_cast<Value*>(owned));
      });
      made.push_back(&slot);
    }
    // Second pass: every value has its owner before anything can throw.
    for (OutputSlot* slot : made) Describe(*model_, slot->owned);
  }

  std::shared_ptr<const Model> model_;
  std::shared_ptr<HostPool> host_pool_;
  Interruptible options_;
  RunTimer timer_;
};

class Bound : public BoundExecution {
 public:
  Bound(std::shared_ptr<const Model> model, const std::vector<TensorView>& inputs,
        const std::vector<TensorView>& outputs)
      : model_(std::move(model)), options_(model_->runtime), timer_(*model_) {
    for (const TensorView& view : inputs) held_.push_back(Wrap(*model_, view));
    for (const TensorView& view : outputs) held_.push_back(Wrap(*model_, view));
    for (size_t i = 0; i < held_.size(); ++i)
      (i < inputs.size() ? inputs_ : outputs_).push_back(held_[i].get());
  }

  void Run() override {
    timer_.Measure([this] { RunModel(*model_, options_.get(), inputs_, model_->output_names, outputs_); });
  }
  void Interrupt() noexcept override { options_.Interrupt(); }

 private:
  std::shared_ptr<const Model> model_;
  Interruptible options_;
  RunTimer timer_;
  std::vector<ValueHandle> held_;
  std::vector<Value*> inputs_, outputs_;
};

class OrtExecutable : public Executable {
 public:
  explicit OrtExecutable(std::shared_ptr<const Model> model)
      : model_(std::move(model)),
        host_pool_(std::make_shared<HostPool>(MakeHeapAllocator(), HostPool::Limits())) {}
  ~OrtExecutable() override {
    // Outputs that somebody holds keep the model alive, but no run comes any more.
    if (model_->is_profiling) EndProfiling();
  }
  const std::vector<TensorInfo>& inputs() const override { return model_->inputs; }
  const std::vector<TensorInfo>& outputs() const override { return model_->outputs; }
  std::unique_ptr<ExecutionContext> CreateContext() override {
    return std::make_unique<Context>(model_, host_pool_);
  }
  std::unique_ptr<BoundExecution> Bind(const std::vector<TensorView>& inputs,
                                       const std::vector<TensorView>& outputs) override {
    return std::make_unique<Bound>(model_, inputs, outputs);
  }
  const std::shared_ptr<HostPool>& host_pool() const override { return host_pool_; }

 private:
  void EndProfiling() noexcept {
    const Api& api = model_->runtime.api();
    Allocator* allocator = model_->runtime.allocator();
    char* path = nullptr;
    Status* status = api.SessionEndProfiling(model_->session.get(), allocator, &path);
    if (status == nullptr && path != nullptr) status = api.AllocatorFree(allocator, path);
    if (status != nullptr) api.ReleaseStatus(status);
  }

  std::shared_ptr<const Model> model_;
  std::shared_ptr<HostPool> host_pool_;
};

}  // namespace

std::shared_ptr<Executable> LoadModel(const std::string& library, const ModelOptions& options) {
  return std::make_shared<OrtExecutable>(OpenModel(library, options));
}

std::string LibraryVersion(const std::string& library) { return Runtime::Open(library).version(); }

}  // namespace trtn::ort
