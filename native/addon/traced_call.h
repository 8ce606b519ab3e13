// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

#include <cstdint>
#include <memory>
#include <utility>

#include "addon/session_calls.h"
#include "core/engine_control.h"

namespace trtn {

/// One inference that records what happens inside the network; the result is a NativeTrace.
class TracedCall final : public RunCall {
 public:
  TracedCall(uint64_t ticket, std::shared_ptr<Delivery> delivery, std::shared_ptr<ResultMaker> maker,
             TraceRequest request)
      : RunCall(ticket, std::move(delivery), std::move(maker)), request_(std::move(request)) {}
  Napi::Value Result(Napi::Env env) override;

 private:
  void Run(ExecutionContext& context) override { context.RunTraced(inputs, outputs, request_, trace_); }
  Napi::Object DebugTensorToJs(Napi::Env env, DebugTensor& tensor);

  const TraceRequest request_;
  RunTrace trace_;
};

/// Reads a NativeTraceRequest.
TraceRequest ReadTraceRequest(Napi::Object request);

}  // namespace trtn
