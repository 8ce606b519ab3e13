// SPDX-License-Identifier: Apache-2.0
#include "addon/binding_wrap.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "addon/array_buffers.h"
#include "addon/call_arguments.h"
#include "addon/convert.h"
#include "addon/errors.h"
#include "core/error.h"

namespace trtn {

namespace {

/// One run over the tensors of a binding.
class BoundRunCall final : public SessionCall {
 public:
  BoundRunCall(uint64_t ticket, std::shared_ptr<Delivery> delivery, std::shared_ptr<BoundTensors> tensors)
      : SessionCall(ticket, std::move(delivery)), tensors_(std::move(tensors)) {
    ++tensors_->in_flight;
  }
  // Withdrawn or refused: nobody delivers it.
  ~BoundRunCall() override { OnDelivery(); }
  void Execute(ExecutionContext&) override { tensors_->Run(); }
  void Interrupt() noexcept override { tensors_->execution->Interrupt(); }
  void OnDelivery() noexcept override {
    if (std::exchange(is_counted_, false)) --tensors_->in_flight;
  }

 private:
  const std::shared_ptr<BoundTensors> tensors_;
  bool is_counted_ = true;
};

}  // namespace

Napi::Function BindingWrap::Define(Napi::Env env) {
  return DefineClass(
      env, "NativeBinding",
      {InstanceMethod<&BindingWrap::Submit>("submit"), InstanceMethod<&BindingWrap::RunSync>("runSync"),
       InstanceMethod<&BindingWrap::Collect>("collect"), InstanceMethod<&BindingWrap::Close>("close")});
}

Napi::Object BindingWrap::Make(Napi::Env env, std::shared_ptr<SessionState> state,
                               std::shared_ptr<BoundTensors> tensors) {
  Napi::Object object = state->maker->classes->binding.New({});
  Unwrap(object)->Fill(env, std::move(state), std::move(tensors));
  return object;
}

void BindingWrap::Fill(Napi::Env env, std::shared_ptr<SessionState> state,
                       std::shared_ptr<BoundTensors> tensors) {
  state_ = std::move(state);
  tensors_ = std::move(tensors);
  Napi::Object self = Value();
  self.Set("inputs", ExposeInputs(env));
  self.Set("outputs", ExposeOutputs(env));
  Napi::Array dims = Napi::Array::New(env, tensors_->outputs.size());
  for (uint32_t i = 0; i < tensors_->outputs.size(); ++i)
    dims.Set(i, ToJsDims(env, tensors_->outputs[i].dims));
  self.Set("outputDims", dims);
  const bool has_open_dims =
      std::any_of(tensors_->outputs.begin(), tensors_->outputs.end(), [](const TensorView& view) {
        return std::find(view.dims.begin(), view.dims.end(), -1) != view.dims.end();
      });
  self.Set("collects", has_open_dims || !state_->maker->allow_external);
  CountBytes(env, UnseenBytes());
}

Napi::Array BindingWrap::ExposeInputs(Napi::Env env) {
  Napi::Array array = Napi::Array::New(env, tensors_->inputs.size());
  for (uint32_t i = 0; i < tensors_->inputs.size(); ++i) {
    const TensorView& view = tensors_->inputs[i];
    if (view.place == MemoryPlace::kDevice) {
      buffers_.emplace_back();
      array.Set(i, env.Null());
    } else {
      array.Set(i, Expose(env, view, tensors_->blocks[i]));
    }
  }
  return array;
}

Napi::Array BindingWrap::ExposeOutputs(Napi::Env env) {
  Napi::Array array = Napi::Array::New(env, tensors_->outputs.size());
  for (uint32_t i = 0; i < tensors_->outputs.size(); ++i) {
    const TensorView& view = tensors_->outputs[i];
    const std::shared_ptr<void>& block = tensors_->blocks[tensors_->inputs.size() + i];
    if (view.place == MemoryPlace::kDevice) {
      buffers_.emplace_back();
      Napi::Object tensor = state_->maker->MakeDeviceTensor(env, view, block);
      device_outputs_.push_back(Napi::Persistent(tensor));
      array.Set(i, tensor);
    } else {
      array.Set(i, Expose(env, view, block));
    }
  }
  return array;
}

Napi::ArrayBuffer BindingWrap::Expose(Napi::Env env, const TensorView& view,
                                      const std::shared_ptr<void>& block) {
  Napi::ArrayBuffer buffer = state_->maker->allow_external ? ExternalBuffer(env, block, view.bytes)
                                                           : Napi::ArrayBuffer::New(env, view.bytes);
  buffers_.push_back(Napi::Reference<Napi::ArrayBuffer>::New(buffer, 1));
  return buffer;
}

int64_t BindingWrap::UnseenBytes() const {
  // Of a tensor in host memory: its block, where the ArrayBuffer is a copy, and its twin on the device.
  const int unseen_copies = (state_->maker->allow_external ? 0 : 1) + (state_->is_on_gpu() ? 1 : 0);
  size_t bytes = 0;
  for (const std::vector<TensorView>* views : {&tensors_->inputs, &tensors_->outputs}) {
    for (const TensorView& view : *views) {
      if (view.place == MemoryPlace::kHost) bytes += view.bytes;
    }
  }
  return static_cast<int64_t>(bytes) * unseen_copies;
}

void BindingWrap::CountBytes(Napi::BasicEnv env, int64_t bytes) {
  if (bytes == counted_bytes_) return;
  Napi::MemoryManagement::AdjustExternalMemory(env, bytes - std::exchange(counted_bytes_, bytes));
}

void BindingWrap::CopyInputs(Napi::Env env) {
  if (state_->maker->allow_external) return;
  for (size_t i = 0; i < tensors_->inputs.size(); ++i) {
    if (buffers_[i].IsEmpty()) continue;
    Napi::ArrayBuffer buffer = buffers_[i].Value();
    const TensorView& view = tensors_->inputs[i];
    // Shorter only if the caller transferred it away: then the last content is used again.
    if (buffer.ByteLength() != view.bytes || view.bytes == 0) continue;
    std::memcpy(view.data, buffer.Data(), view.bytes);
    state_->maker->copied_bytes += view.bytes;
  }
}

void BindingWrap::CopyOutputs(Napi::Env env) {
  if (state_->maker->allow_external) return;
  for (size_t i = 0; i < tensors_->outputs.size(); ++i) {
    const auto& reference = buffers_[tensors_->inputs.size() + i];
    if (reference.IsEmpty()) continue;
    Napi::ArrayBuffer buffer = reference.Value();
    const TensorView& view = tensors_->outputs[i];
    if (buffer.ByteLength() != view.bytes || view.bytes == 0) continue;
    std::memcpy(buffer.Data(), view.data, view.bytes);
    state_->maker->copied_bytes += view.bytes;
  }
}

void BindingWrap::RequireOpen(Napi::Env env) const {
  if (tensors_ == nullptr) ThrowToJs(env, Error("ERR_TRT_RUN_CLOSED", "The binding is closed."));
}

void BindingWrap::Submit(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  RequireOpen(env);
  auto call = std::make_shared<BoundRunCall>(TicketOf(info), state_->delivery, tensors_);
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
  if (tensors_->in_flight > 0) {
    ThrowToJs(
        env,
        Error("ERR_TRT_RUN_BUSY",
              "Expected no run of this binding to be queued or in progress: a run that blocks would wait "
              "for it on the event loop."));
  }
  BoundRunCall call(0, state_->delivery, tensors_);
  try {
    CopyInputs(env);
    state_->session->RunNow(call);
    CopyOutputs(env);
  } catch (const Error& error) {
    ThrowToJs(env, error);
  }
}

Napi::Value BindingWrap::Collect(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (tensors_ == nullptr) return env.Null();
  CopyOutputs(env);
  const std::vector<std::vector<int64_t>> made = tensors_->MadeDims();
  if (made.empty()) return env.Null();
  Napi::Array dims = Napi::Array::New(env, made.size());
  for (uint32_t i = 0; i < made.size(); ++i) dims.Set(i, ToJsDims(env, made[i]));
  return dims;
}

void BindingWrap::Close(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  for (Napi::Reference<Napi::ArrayBuffer>& buffer : buffers_) {
    if (!buffer.IsEmpty()) Detach(env, buffer.Value());
  }
  buffers_.clear();
  for (Napi::ObjectReference& tensor : device_outputs_)
    DeviceTensorWrap::Unwrap(tensor.Value())->Release(env);
  device_outputs_.clear();
  CountBytes(env, 0);
  tensors_.reset();
  state_.reset();
}

}  // namespace trtn
