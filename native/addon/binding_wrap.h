// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

#include <memory>
#include <vector>

#include "addon/bind_call.h"
#include "addon/session_state.h"

namespace trtn {

/// NativeBinding of lib/binding/contract.ts.
class BindingWrap : public Napi::ObjectWrap<BindingWrap> {
 public:
  static Napi::Function Define(Napi::Env env);
  static Napi::Object Make(Napi::Env env, std::shared_ptr<SessionState> state,
                           std::shared_ptr<BoundTensors> tensors);
  explicit BindingWrap(const Napi::CallbackInfo& info) : ObjectWrap(info) {}
  void Finalize(Napi::BasicEnv env) override { CountBytes(env, 0); }

 private:
  void Fill(Napi::Env env, std::shared_ptr<SessionState> state, std::shared_ptr<BoundTensors> tensors);
  Napi::Array ExposeInputs(Napi::Env env);
  Napi::Array ExposeOutputs(Napi::Env env);
  Napi::ArrayBuffer Expose(Napi::Env env, const TensorView& view, const std::shared_ptr<void>& block);
  /// Tells V8 of memory that no ArrayBuffer stands for.
  void CountBytes(Napi::BasicEnv env, int64_t bytes);
  int64_t UnseenBytes() const;
  // Where buffers over native memory are refused: copies between the arrays and the tensors' memory.
  void CopyInputs(Napi::Env env);
  void CopyOutputs(Napi::Env env);
  void RequireOpen(Napi::Env env) const;
  void Submit(const Napi::CallbackInfo& info);
  void RunSync(const Napi::CallbackInfo& info);
  Napi::Value Collect(const Napi::CallbackInfo& info);
  void Close(const Napi::CallbackInfo& info);

  std::shared_ptr<SessionState> state_;
  std::shared_ptr<BoundTensors> tensors_;
  /// Of the inputs, then of the outputs; empty for those on the device.
  std::vector<Napi::Reference<Napi::ArrayBuffer>> buffers_;
  /// The outputs on the device.
  std::vector<Napi::ObjectReference> device_outputs_;
  int64_t counted_bytes_ = 0;
};

}  // namespace trtn
