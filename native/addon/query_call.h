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

/// What query() of lib/binding/contract.ts can ask.
enum class Query { kInspector, kStatistics, kRuntimeCache };
/// Throws Napi::TypeError for what is no NativeQuery.
Query ToQuery(Napi::Value value);

/// A question about an engine, answered by a thread of the session.
class QueryCall final : public SessionCall {
 public:
  QueryCall(uint64_t ticket, const std::shared_ptr<SessionState>& state, Query query)
      : SessionCall(ticket, state->delivery), state_(state), query_(query) {}
  void Execute(ExecutionContext& context) override;
  Napi::Value Result(Napi::Env env) override;

 private:
  // Weak: the state's session owns the thread that may drop this call last.
  const std::weak_ptr<SessionState> state_;
  const Query query_;
  std::string text_;
  std::vector<std::pair<std::string, double>> numbers_;
  std::vector<uint8_t> bytes_;
};

/// NativeCounters.
Napi::Object ToJs(Napi::Env env, const ExecutionCounters& counters);
/// [{shapes, reason}]
Napi::Array ToJs(Napi::Env env, const std::vector<GraphFailure>& failures);
/// NativeInputRange[][].
Napi::Array ToJs(Napi::Env env, const std::vector<std::vector<EngineControl::Range>>& profiles);

}  // namespace trtn
