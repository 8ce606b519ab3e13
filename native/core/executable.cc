// SPDX-License-Identifier: Apache-2.0
#include "core/executable.h"

#include "core/engine_control.h"
#include "core/error.h"

namespace trtn {

void ExecutionContext::RunTraced(const std::vector<TensorView>&, std::vector<OutputSlot>&,
                                 const TraceRequest&, RunTrace&) {
  throw Error("ERR_TRT_RUN_UNSUPPORTED",
              "Traced runs need TensorRT on a GPU; this backend records no layer times or debug tensors.");
}

std::shared_ptr<void> Executable::AllocateDeviceTensor(size_t, const std::string& what) {
  throw Error("ERR_TRT_RUN_UNSUPPORTED",
              "Expected a session on a GPU for " + what + " in device memory; this backend has none.");
}

}  // namespace trtn
