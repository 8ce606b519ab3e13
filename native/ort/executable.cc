// SPDX-License-Identifier: Apache-2.0
#include "ort/executable.h"

#include <utility>

#include "core/error.h"
#include "ort/element_types.h"
#include "ort/runtime.h"

namespace trtn::ort {

namespace {

constexpr char kModelError[] = "ERR_TRT_RUN_MODEL";
constexpr char kRunError[] = "ERR_TRT_RUN_FAILED";

/// Owns one object of ONNX Runtime. The release function comes out of the runtime's table.
template <typename T>
using Handle = std::unique_ptr<T, void (*)(T*)>;

/// What the executable, its contexts and bindings share.
struct Model {
  explicit Model(Runtime& opened) : runtime(opened), session(nullptr, opened.api().ReleaseSession) {}

  Runtime& runtime;
  Handle<OrtSession> session;
  std::vector<TensorInfo> inputs, outputs;
  std::vector<const char*> input_names, output_names;
};

using ValueHandle = Handle<Value>;

void RequireHost(const TensorView& view) {
  if (view.place == MemoryPlace::kHost) return;
  throw Error("ERR_TRT_RUN_DEVICE_TENSOR",
              "Expected tensors in host memory; the CPU backend cannot use device memory.");
}

ValueHandle Wrap(const Model& model, const TensorView& view) {
  RequireHost(view);
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

/// Type and dimensions of a tensor that ONNX Runtime made.
TensorView Describe(const Model& model, Value* value) {
  const Runtime& runtime = model.runtime;
  const Api& api = runtime.api();
  TensorTypeInfo* raw = nullptr;
  runtime.Check(api.GetTensorTypeAndShape(value, &raw), kRunError, "GetTensorTypeAndShape");
  Handle<TensorTypeInfo> info(raw, api.ReleaseTensorTypeAndShapeInfo);
  int type = 0;
  size_t rank = 0;
  runtime.Check(api.GetTensorElementType(info.get(), &type), kRunError, "GetTensorElementType");
  runtime.Check(api.GetDimensionsCount(info.get(), &rank), kRunError, "GetDimensionsCount");
  TensorView view;
  view.type = FromOnnxType(type);
  view.dims.resize(rank);
  runtime.Check(api.GetDimensions(info.get(), view.dims.data(), rank), kRunError, "GetDimensions");
  view.bytes = TensorBytes(view.type, view.dims);
  runtime.Check(api.GetTensorMutableData(value, &view.data), kRunError, "GetTensorMutableData");
  return view;
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

class Context : public ExecutionContext {
 public:
  explicit Context(std::shared_ptr<const Model> model)
      : model_(std::move(model)), options_(model_->runtime) {}

  void Run(const std::vector<TensorView>& inputs, std::vector<OutputSlot>& outputs) override {
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
    RunModel(*model_, options_.get(), in, names, out);
    TakeOver(outputs, out);
  }

  std::vector<TensorView> ResolveOutputs(const std::vector<TensorView>& inputs) override {
    std::vector<OutputSlot> outputs(model_->outputs.size());
    Run(inputs, outputs);
    std::vector<TensorView> views;
    for (OutputSlot& slot : outputs) {
      slot.owned.view.data = nullptr;
      views.push_back(std::move(slot.owned.view));
    }
    return views;
  }

  void Interrupt() noexcept override { options_.Interrupt(); }

 private:
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
    for (OutputSlot* slot : made)
      slot->owned.view = Describe(*model_, static_cast<Value*>(slot->owned.owner.get()));
  }

  std::shared_ptr<const Model> model_;
  Interruptible options_;
};

class Bound : public BoundExecution {
 public:
  Bound(std::shared_ptr<const Model> model, const std::vector<TensorView>& inputs,
        const std::vector<TensorView>& outputs)
      : model_(std::move(model)), options_(model_->runtime) {
    for (const TensorView& view : inputs) held_.push_back(Wrap(*model_, view));
    for (const TensorView& view : outputs) held_.push_back(Wrap(*model_, view));
    for (size_t i = 0; i < held_.size(); ++i)
      (i < inputs.size() ? inputs_ : outputs_).push_back(held_[i].get());
  }

  void Run() override { RunModel(*model_, options_.get(), inputs_, model_->output_names, outputs_); }
  void Interrupt() noexcept override { options_.Interrupt(); }

 private:
  std::shared_ptr<const Model> model_;
  Interruptible options_;
  std::vector<ValueHandle> held_;
  std::vector<Value*> inputs_, outputs_;
};

class OrtExecutable : public Executable {
 public:
  explicit OrtExecutable(std::shared_ptr<const Model> model)
      : model_(std::move(model)),
        host_pool_(std::make_shared<HostPool>(MakeHeapAllocator(), HostPool::Limits())) {}
  const std::vector<TensorInfo>& inputs() const override { return model_->inputs; }
  const std::vector<TensorInfo>& outputs() const override { return model_->outputs; }
  std::unique_ptr<ExecutionContext> CreateContext() override { return std::make_unique<Context>(model_); }
  std::unique_ptr<BoundExecution> Bind(const std::vector<TensorView>& inputs,
                                       const std::vector<TensorView>& outputs) override {
    return std::make_unique<Bound>(model_, inputs, outputs);
  }
  const std::shared_ptr<HostPool>& host_pool() const override { return host_pool_; }

 private:
  std::shared_ptr<const Model> model_;
  std::shared_ptr<HostPool> host_pool_;
};

using CountFunction = Status* (*)(const OrtSession*, size_t*);
using NameFunction = Status* (*)(const OrtSession*, size_t, Allocator*, char**);
using TypeFunction = Status* (*)(const OrtSession*, size_t, TypeInfo**);

std::string ReadName(const Model& model, NameFunction get_name, size_t index) {
  const Runtime& runtime = model.runtime;
  char* raw = nullptr;
  runtime.Check(get_name(model.session.get(), index, runtime.allocator(), &raw), kModelError, "GetName");
  std::string name(raw);
  runtime.Check(runtime.api().AllocatorFree(runtime.allocator(), raw), kModelError, "AllocatorFree");
  return name;
}

void ReadType(const Model& model, const TypeInfo* type_info, TensorInfo& info) {
  const Runtime& runtime = model.runtime;
  const Api& api = runtime.api();
  OnnxType kind = OnnxType::kUnknown;
  runtime.Check(api.GetOnnxTypeFromTypeInfo(type_info, &kind), kModelError, "GetOnnxTypeFromTypeInfo");
  if (kind != OnnxType::kTensor) {
    throw Error(kModelError,
                "'" + info.name + "' is a sequence, map or optional; only tensors are supported");
  }
  const TensorTypeInfo* tensor = nullptr;  // a view into type_info, not to be released
  runtime.Check(api.CastTypeInfoToTensorInfo(type_info, &tensor), kModelError, "CastTypeInfoToTensorInfo");
  int type = 0;
  size_t rank = 0;
  runtime.Check(api.GetTensorElementType(tensor, &type), kModelError, "GetTensorElementType");
  runtime.Check(api.GetDimensionsCount(tensor, &rank), kModelError, "GetDimensionsCount");
  info.type = FromOnnxType(type);
  if (ElementBits(info.type) == 0) {
    throw Error(kModelError, "'" + info.name + "' has element type " + ElementTypeName(info.type) +
                                 " (ONNX type " + std::to_string(type) + "), which is not supported");
  }
  info.dims.resize(rank);
  std::vector<const char*> names(rank, nullptr);
  runtime.Check(api.GetDimensions(tensor, info.dims.data(), rank), kModelError, "GetDimensions");
  runtime.Check(api.GetSymbolicDimensions(tensor, names.data(), rank), kModelError, "GetSymbolicDimensions");
  for (const char* name : names) info.dim_names.emplace_back(name == nullptr ? "" : name);
}

std::vector<TensorInfo> ReadTensors(const Model& model, CountFunction get_count, NameFunction get_name,
                                    TypeFunction get_type) {
  const Runtime& runtime = model.runtime;
  size_t count = 0;
  runtime.Check(get_count(model.session.get(), &count), kModelError, "GetCount");
  std::vector<TensorInfo> tensors(count);
  for (size_t i = 0; i < count; ++i) {
    tensors[i].name = ReadName(model, get_name, i);
    TypeInfo* raw = nullptr;
    runtime.Check(get_type(model.session.get(), i, &raw), kModelError, "GetTypeInfo");
    Handle<TypeInfo> type_info(raw, runtime.api().ReleaseTypeInfo);
    ReadType(model, type_info.get(), tensors[i]);
  }
  return tensors;
}

Handle<SessionOptions> MakeOptions(const Runtime& runtime, const ModelOptions& wanted) {
  const Api& api = runtime.api();
  SessionOptions* raw = nullptr;
  runtime.Check(api.CreateSessionOptions(&raw), kModelError, "CreateSessionOptions");
  Handle<SessionOptions> options(raw, api.ReleaseSessionOptions);
  runtime.Check(api.SetIntraOpNumThreads(raw, wanted.intra_op_num_threads), kModelError,
                "SetIntraOpNumThreads");
  runtime.Check(api.SetInterOpNumThreads(raw, 1), kModelError, "SetInterOpNumThreads");
  return options;
}

void CreateSession(Model& model, const ModelOptions& wanted) {
  const Runtime& runtime = model.runtime;
  const Api& api = runtime.api();
  const Handle<SessionOptions> options = MakeOptions(runtime, wanted);
  ThreadLog capture;
  OrtSession* raw = nullptr;
  Status* status = wanted.model_data != nullptr
                       ? api.CreateSessionFromArray(runtime.env(), wanted.model_data, wanted.model_bytes,
                                                    options.get(), &raw)
                       : api.CreateSession(runtime.env(), wanted.model_path.c_str(), options.get(), &raw);
  if (status != nullptr) runtime.Throw(status, kModelError, "CreateSession", capture.Take());
  model.session.reset(raw);
}

}  // namespace

std::shared_ptr<Executable> LoadModel(const std::string& library, const ModelOptions& options) {
  auto model = std::make_shared<Model>(Runtime::Open(library));
  CreateSession(*model, options);
  const Api& api = model->runtime.api();
  model->inputs =
      ReadTensors(*model, api.SessionGetInputCount, api.SessionGetInputName, api.SessionGetInputTypeInfo);
  model->outputs =
      ReadTensors(*model, api.SessionGetOutputCount, api.SessionGetOutputName, api.SessionGetOutputTypeInfo);
  for (const TensorInfo& info : model->inputs) model->input_names.push_back(info.name.c_str());
  for (const TensorInfo& info : model->outputs) model->output_names.push_back(info.name.c_str());
  return std::make_shared<OrtExecutable>(std::move(model));
}

std::string LibraryVersion(const std::string& library) { return Runtime::Open(library).version(); }

}  // namespace trtn::ort
