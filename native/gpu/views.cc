// SPDX-License-Identifier: Apache-2.0
#include "gpu/views.h"

#include <string>

#include "core/error.h"

namespace trtn::gpu {

void CheckSize(const TensorInfo& info, const TensorView& view) {
  const size_t needed = TensorBytes(view.type, view.dims);
  if (view.bytes >= needed && (view.data != nullptr || needed == 0)) return;
  throw Error("ERR_TRT_RUN_INPUT_SIZE", "Expected " + std::to_string(needed) + " bytes for '" + info.name +
                                            "', got " + std::to_string(view.bytes) + ".");
}

void CheckRoom(const TensorInfo& info, const TensorView& view, size_t needed) {
  if (view.data != nullptr && view.bytes >= needed) return;
  throw Error("ERR_TRT_RUN_FAILED", "Expected room for the " + std::to_string(needed) +
                                        " bytes of the output '" + info.name + "', got " +
                                        std::to_string(view.bytes) + ".");
}

void CheckHostOutput(const TensorInfo& info, const TensorView& view) {
  if (!IsOnDevice(view)) return;
  throw Error("ERR_TRT_RUN_DEVICE_TENSOR",
              "Expected the output '" + info.name + "' on the host: TensorRT writes it there.");
}

}  // namespace trtn::gpu
