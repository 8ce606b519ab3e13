// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "addon/session_state.h"

namespace trtn {

/// An ONNX model with new weights: a path, or bytes.
struct RefitModel {
  std::string path;
  std::vector<uint8_t> bytes;
};
/// Reads { modelPath?, modelBytes? }; the bytes are copied. Throws Napi::TypeError if both are absent.
RefitModel ReadRefitModel(Napi::Object object);

/// Gives an engine new weights, while nothing else runs on it.
class RefitCall final : public SessionCall {
 public:
  RefitCall(uint64_t ticket, const std::shared_ptr<SessionState>& state, RefitModel model)
      : SessionCall(ticket, state->delivery), state_(state), model_(std::move(model)) {}
  void Execute(ExecutionContext& context) override;
  bool IsExclusive() const override { return true; }

 private:
  // Weak: the state's session owns the thread that may drop this call last.
  const std::weak_ptr<SessionState> state_;
  const RefitModel model_;
};

}  // namespace trtn
