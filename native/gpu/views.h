// SPDX-License-Identifier: Apache-2.0
//
// What runs ask of the memory that callers give for tensors.
#pragma once

#include <cstddef>

#include "core/tensor.h"

namespace trtn::gpu {

inline bool IsOnDevice(const TensorView& view) { return view.place == MemoryPlace::kDevice; }

/// Throws ERR_TRT_RUN_INPUT_SIZE for a view that is smaller than its dims say, before anything reads beyond
/// it.
void CheckSize(const TensorInfo& info, const TensorView& view);
/// Throws ERR_TRT_RUN_FAILED where an output of `needed` bytes has no room.
void CheckRoom(const TensorInfo& info, const TensorView& view, size_t needed);
/// Throws ERR_TRT_RUN_DEVICE_TENSOR for device memory of an output that TensorRT writes to the host.
void CheckHostOutput(const TensorInfo& info, const TensorView& view);

}  // namespace trtn::gpu
