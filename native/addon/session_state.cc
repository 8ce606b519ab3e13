// SPDX-License-Identifier: Apache-2.0
#include "addon/session_state.h"

#include "core/error.h"

namespace trtn {

std::shared_ptr<Executable> RequireExecutable(const std::shared_ptr<SessionState>& state) {
  std::shared_ptr<Executable> executable = state ? state->session->executable() : nullptr;
  if (executable == nullptr) throw Error("ERR_TRT_RUN_CLOSED", "The session is closed.");
  return executable;
}

EngineControl& RequireControl(Executable& executable, const std::string& what) {
  if (EngineControl* control = executable.control()) return *control;
  throw Error("ERR_TRT_RUN_UNSUPPORTED",
              what + " needs a TensorRT engine; this session runs an ONNX model on the CPU.");
}

}  // namespace trtn
