// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "addon/session_state.h"

namespace trtn {

/// Tensors at fixed places. Lives as long as the JavaScript binding or a run of it.
struct BoundTensors {
  std::vector<TensorView> inputs, outputs;
  /// Memory of the inputs, then of the outputs; shared with the ArrayBuffers and device tensors over it.
  std::vector<std::shared_ptr<void>> blocks;
  std::unique_ptr<BoundExecution> execution;
  /// Two runs of one binding write the same memory: the second waits.
  std::mutex busy;
  /// Runs that JavaScript has asked for and not heard of yet.
  std::atomic<int> in_flight{0};

  /// Runs once, after the run that is in progress. Any thread.
  void Run();
  /// Dims of the outputs of the last run that has ended; empty where they are those of `outputs`. Any thread.
  std::vector<std::vector<int64_t>> MadeDims() const;

 private:
  mutable std::mutex dims_mutex_;
  std::vector<std::vector<int64_t>> made_dims_;
};

/// What a binding shall have at an input.
struct BoundInput {
  std::vector<int64_t> dims;
  /// For an input on the device: its view and its memory.
  TensorView device_view;
  std::shared_ptr<void> device_memory;
  /// What the host memory starts with; empty for zeros.
  std::vector<uint8_t> content;
};

/// What a binding shall have at its inputs and outputs.
struct BoundPlaces {
  std::vector<BoundInput> inputs;
  std::vector<MemoryPlace> outputs;
};

/// Reads the arguments of bind(). Throws as ReadInputs() does.
BoundPlaces ReadBoundPlaces(const SessionState& state, Napi::Value dims, Napi::Value places);

/// Makes the memory of a binding for inputs of these dims; the result is a NativeBinding.
class BindCall final : public SessionCall {
 public:
  BindCall(uint64_t ticket, const std::shared_ptr<SessionState>& state, BoundPlaces places)
      : SessionCall(ticket, state->delivery), state_(state), places_(std::move(places)) {}
  void Execute(ExecutionContext& context) override;
  Napi::Value Result(Napi::Env env) override;

 private:
  void PlaceInputs(Executable& executable);
  void PlaceOutputs(Executable& executable, std::vector<TensorView> views);

  // Weak: the state's session owns the thread that may drop this call last.
  const std::weak_ptr<SessionState> state_;
  const BoundPlaces places_;
  std::shared_ptr<BoundTensors> tensors_;
};

}  // namespace trtn
