// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

#include <memory>
#include <mutex>
#include <vector>

#include "addon/session_calls.h"
#include "core/executable.h"
#include "core/session.h"

namespace trtn {

/// What the JavaScript objects of one session share.
struct SessionState {
  std::shared_ptr<Session> session;
  std::shared_ptr<Delivery> delivery;
  std::shared_ptr<StagingPool> staging;
  /// Kept apart from the executable, which goes when the session is closed.
  std::vector<TensorInfo> inputs, outputs;
  std::string library_version;
  bool allow_external = true;
  /// The class of NativeBinding in this environment.
  Napi::FunctionReference* binding_class = nullptr;
};

/// Tensors at fixed places. Lives as long as the JavaScript binding or a run of it.
struct BoundTensors {
  std::vector<TensorView> inputs, outputs;
  /// Memory of the inputs, then of the outputs; shared with the ArrayBuffers over it.
  std::vector<std::shared_ptr<void>> blocks;
  std::unique_ptr<BoundExecution> execution;
  /// Two runs of one binding write the same memory: the second waits.
  std::mutex busy;
};

/// Makes the memory of a binding for inputs of these dims; the result is a NativeBinding.
class BindCall : public SessionCall {
 public:
  BindCall(uint64_t ticket, std::shared_ptr<SessionState> state, std::vector<std::vector<int64_t>> dims)
      : SessionCall(ticket, state->delivery), state_(state), dims_(std::move(dims)) {}
  void Execute(ExecutionContext& context) override;
  Napi::Value Result(Napi::Env env) override;

 private:
  std::vector<std::vector<int64_t>> OutputDims(ExecutionContext& context) const;

  // Weak: the state's session owns the thread that may drop this call last.
  std::weak_ptr<SessionState> state_;
  const std::vector<std::vector<int64_t>> dims_;
  std::shared_ptr<BoundTensors> tensors_;
};

/// NativeBinding of lib/binding/contract.ts.
class BindingWrap : public Napi::ObjectWrap<BindingWrap> {
 public:
  static Napi::Function Define(Napi::Env env);
  explicit BindingWrap(const Napi::CallbackInfo& info);
  /// Called by Result() once the object is made: gives it its tensors and arrays.
  void Fill(Napi::Env env, std::shared_ptr<SessionState> state, std::shared_ptr<BoundTensors> tensors);

 private:
  // Where buffers over native memory are refused: copies between the arrays and the tensors' memory.
  void CopyInputs(Napi::Env env);
  void CopyOutputs(Napi::Env env);
  void RequireOpen(Napi::Env env) const;
  void Submit(const Napi::CallbackInfo& info);
  void RunSync(const Napi::CallbackInfo& info);
  void Collect(const Napi::CallbackInfo& info);
  void Close(const Napi::CallbackInfo& info);
  Napi::Array Expose(Napi::Env env, const std::vector<TensorView>& views, size_t first_block);

  std::shared_ptr<SessionState> state_;
  std::shared_ptr<BoundTensors> tensors_;
  /// Of the inputs, then of the outputs.
  std::vector<Napi::Reference<Napi::ArrayBuffer>> buffers_;
};

}  // namespace trtn
