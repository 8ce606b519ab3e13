// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "addon/result_maker.h"
#include "addon/session_calls.h"
#include "core/engine_control.h"
#include "core/memory.h"
#include "core/session.h"
#include "core/stage_log.h"

namespace trtn {

/// What the JavaScript objects of one session share. JavaScript thread only, but for `session`.
struct SessionState {
  std::shared_ptr<Session> session;
  std::shared_ptr<Delivery> delivery;
  std::shared_ptr<ResultMaker> maker;
  /// Host memory for the inputs of calls; null once the session is closed.
  std::shared_ptr<HostPool> pool;
  /// Kept apart from the executable, which goes when the session is closed.
  std::vector<TensorInfo> inputs, outputs;
  std::string library_version;
  /// Outlives the session: what its last runs wrote can be taken after it was closed. Null where there is
  /// none.
  std::shared_ptr<StageLog> stage_log;
  /// Of TensorRT's engines; empty for the CPU.
  std::vector<std::vector<EngineControl::Range>> profiles;
  std::vector<std::string> debug_tensors;

  bool is_on_gpu() const { return maker->device.has_value(); }
};

/// The session's model. Throws ERR_TRT_RUN_CLOSED where it is gone, `state` being null included. Any thread.
std::shared_ptr<Executable> RequireExecutable(const std::shared_ptr<SessionState>& state);

/// Its engine. Throws ERR_TRT_RUN_CLOSED, or ERR_TRT_RUN_UNSUPPORTED on the CPU: `what` says what was asked
/// for.
EngineControl& RequireControl(Executable& executable, const std::string& what);

}  // namespace trtn
