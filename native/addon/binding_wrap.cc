// SPDX-License-Identifier: Apache-2.0
#include "addon/binding_wrap.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "addon/array_buffers.h"
#include "addon/errors.h"
#include "core/error.h"

namespace trtn {

namespace {

/// One run over the tensors of a binding.
class BoundRunCall : public SessionCall {
 public:
  BoundRunCall(uint64_t ticket, std::shared_ptr<Delivery> delivery, std::shared_ptr<BoundTensors> tensors)
      : SessionCall(ticket, std::move(delivery)), tensors_(std::move(tensors)) {}
  void Execute(ExecutionContext&) override {
    std::lock_guard<std::mutex> lock(tensors_->busy);
    tensors_->execution->Run();
  }
  void Interrupt() noexcept override { tensors_->execution->Interrupt(); }

 private:
  std::shared_ptr<BoundTensors> tensors_;
};

void Allocate(BoundTensors& tensors, std::vector<TensorView>& views, const std::vector<TensorInfo>& infos,
              const std::vector<std::vector<int64_t>>& dims) {
  for (size_t i = 0; i < infos.size(); ++i) {
    TensorView view;
    view.type = infos[i].type;
    view.dims = dims[i];
    view.bytes = TensorBytes(view.type, view.dims);
    tensors.blocks.push_back(AllocateTensorMemory(view.bytes));
    view.data = tensors.blocks.back().get();
    views.push_back(std::move(view));
  }
}

bool HasFixedDims(const TensorInfo& info) {
  return std::all_of(info.dims.begin(), info.dims.end(), [](int64_t dim) { return dim >= 0; });
}

Napi::Array ToArray(Napi::Env env, const std::vector<int64_t>& dims) {
  Napi::Array array = Napi::Array::New(env, dims.size());
  for (uint32_t i = 0; i < dims.size(); ++i)
    array.Set(i, Napi::Number::New(env, static_cast<double>(dims[i])));
  return array;
}

}  // namespace

void BindCall::Execute(ExecutionContext& context) {
  std::shared_ptr<SessionState> state = state_.lock();
  std::shared_ptr<Executable> executable = state ? state->session->executable() : nullptr;
  if (executable == nullptr) throw Error("ERR_TRT_RUN_CLOSED", "The session is closed.");
  tensors_ = std::make_shared<BoundTensors>();
  Allocate(*tensors_, tensors_->inputs, executable->inputs(), dims_);
  Allocate(*tensors_, tensors_->outputs, executable->outputs(), OutputDims(context));
  tensors_->execution = executable->Bind(tensors_->inputs, tensors_->outputs);
}

std::vector<std::vector<int64_t>> BindCall::OutputDims(ExecutionContext& context) const {
  std::shared_ptr<SessionState> state = state_.lock();
  // With a dynamic input the model's own statement about its outputs is not to be relied on: exporters leave
  // the batch size of their example in it.
  // An output without dimensions may be a scalar or of unknown rank: ONNX Runtime does not tell which.
  const auto is_known = [](const TensorInfo& info) { return !info.dims.empty() && HasFixedDims(info); };
  const bool is_static = std::all_of(state->inputs.begin(), state->inputs.end(), HasFixedDims) &&
                         std::all_of(state->outputs.begin(), state->outputs.end(), is_known);
  if (!is_static) return context.ResolveOutputDims(tensors_->inputs);
  std::vector<std::vector<int64_t>> dims;
  for (const TensorInfo& info : state->outputs) dims.push_back(info.dims);
  return dims;
}

Napi::Value BindCall::Result(Napi::Env env) {
  std::shared_ptr<SessionState> state = state_.lock();
  if (state == nullptr) return env.Undefined();
  Napi::Object object = state->binding_class->New({});
  BindingWrap::Unwrap(object)->Fill(env, std::move(state), std::move(tensors_));
  return object;
}

Napi::Function BindingWrap::Define(Napi::Env env) {
  return DefineClass(
      env, "NativeBinding",
      {InstanceMethod<&BindingWrap::Submit>("submit"), InstanceMethod<&BindingWrap::RunSync>("runSync"),
       InstanceMethod<&BindingWrap::Collect>("collect"), InstanceMethod<&BindingWrap::Close>("close")});
}

BindingWrap::BindingWrap(const Napi::CallbackInfo& info) : ObjectWrap(info) {}

void BindingWrap::Fill(Napi::Env env, std::shared_ptr<SessionState> state,
                       std::shared_ptr<BoundTensors> tensors) {
  state_ = std::move(state);
  tensors_ = std::move(tensors);
  Napi::Object self = Value();
  self.Set("inputs", Expose(env, tensors_->inputs, 0));
  self.Set("outputs", Expose(env, tensors_->outputs, tensors_->inputs.size()));
  Napi::Array dims = Napi::Array::New(env, tensors_->outputs.size());
  for (uint32_t i = 0; i < tensors_->outputs.size(); ++i)
    dims.Set(i, ToArray(env, tensors_->outputs[i].dims));
  self.Set("outputDims", dims);
}

Napi::Array BindingWrap::Expose(Napi::Env env, const std::vector<TensorView>& views, size_t first_block) {
  Napi::Array array = Napi::Array::New(env, views.size());
  for (uint32_t i = 0; i < views.size(); ++i) {
    Napi::ArrayBuffer buffer = state_->allow_external
                                   ? ExternalBuffer(env, tensors_->blocks[first_block + i], views[i].bytes)
                                   : Napi::ArrayBuffer::New(env, views[i].bytes);
    buffers_.push_back(Napi::Reference<Napi::ArrayBuffer>::New(buffer, 1));
    array.Set(i, buffer);
  }
  return array;
}

void BindingWrap::CopyInputs(Napi::Env env) {
  if (state_->allow_external) return;
  for (size_t i = 0; i < tensors_->inputs.size(); ++i) {
    Napi::ArrayBuffer buffer = buffers_[i].Value();
    const TensorView& view = tensors_->inputs[i];
    // Shorter only if the caller transferred it away: then the last content is used again.
    if (buffer.ByteLength() == view.bytes && view.bytes > 0)
      std::memcpy(view.data, buffer.Data(), view.bytes);
  }
}

void BindingWrap::CopyOutputs(Napi::Env env) {
  if (state_->allow_external) return;
  for (size_t i = 0; i < tensors_->outputs.size(); ++i) {
    Napi::ArrayBuffer buffer = buffers_[tensors_->inputs.size() + i].Value();
    const TensorView& view = tensors_->outputs[i];
    if (buffer.ByteLength() == view.bytes && view.bytes > 0)
      std::memcpy(buffer.Data(), view.data, view.bytes);
  }
}

void BindingWrap::RequireOpen(Napi::Env env) const {
  if (tensors_ == nullptr) ThrowToJs(env, Error("ERR_TRT_RUN_CLOSED", "The binding is closed."));
}

void BindingWrap::Submit(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  RequireOpen(env);
  const auto ticket = static_cast<uint64_t>(info[0].As<Napi::Number>().Int64Value());
  auto call = std::make_shared<BoundRunCall>(ticket, state_->delivery, tensors_);
  try {
    CopyInputs(env);
    state_->session->Submit(std::move(call));
  } catch (const Error& error) {
    ThrowToJs(env, error);
  }
  state_->delivery->Expect(env);
}

void BindingWrap::RunSync(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  RequireOpen(env);
  BoundRunCall call(0, state_->delivery, tensors_);
  try {
    CopyInputs(env);
    state_->session->RunNow(call);
    CopyOutputs(env);
  } catch (const Error& error) {
    ThrowToJs(env, error);
  }
}

void BindingWrap::Collect(const Napi::CallbackInfo& info) {
  if (tensors_ != nullptr) CopyOutputs(info.Env());
}

void BindingWrap::Close(const Napi::CallbackInfo& info) {
  for (Napi::Reference<Napi::ArrayBuffer>& buffer : buffers_) Detach(info.Env(), buffer.Value());
  buffers_.clear();
  tensors_.reset();
  state_.reset();
}

}  // namespace trtn
