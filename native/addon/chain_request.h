// SPDX-License-Identifier: Apache-2.0
//
// From NativeChainRequest of lib/binding/contract.ts and the tensors of a call to native/chain's types.
// TypeScript has checked them; here every access is kept inside the memory that was given.
#pragma once

#include <napi.h>

#include <memory>
#include <optional>
#include <vector>

#include "addon/device_tensor_wrap.h"
#include "chain/chain.h"
#include "chain/chain_device.h"
#include "core/executable.h"
#include "core/memory.h"

namespace trtn {

struct ChainRequest {
  chain::ChainSpec spec;
  int threads = 0;
  /// Nothing for the CPU.
  std::optional<DeviceAddress> device;
  chain::GraphMode graphs = chain::GraphMode::kAuto;
};

ChainRequest ReadChainRequest(Napi::Object request);

/// The tensors of one call.
struct ChainTensors {
  std::vector<TensorView> inputs;
  std::vector<OutputSlot> outputs;
  /// Lives until the call has ended, also when its tensors are closed or its arrays are transferred before.
  std::vector<std::shared_ptr<void>> memory;
  /// Copies of inputs whose arrays would not last.
  HostPool::Block staging;
  /// Outputs whose arrays would not last: they are made in new memory, and copied when the call has ended.
  std::vector<uint32_t> copied_outputs;
  /// Where its device tensors are.
  std::optional<DeviceAddress> device;
};

/// Types and dims of inputs and outputs, without memory.
struct ChainShapes {
  std::vector<TensorView> inputs, outputs;
};
ChainShapes ShapesOf(const chain::ChainSpec& spec);

/// Arrays in shared memory or in memory of this addon are used in place, all others are copied to `heap`.
/// Throws ERR_TRT_RUN_INPUT_SIZE for memory of another size, ERR_TRT_RUN_DEVICE_TENSOR for device tensors
/// that are closed or on different devices, ERR_TRT_ARG_VALUE for a target that overlaps an input or another
/// target.
ChainTensors ReadChainTensors(const ChainShapes& shapes, Napi::Array inputs, Napi::Array targets,
                              HostPool& heap);

}  // namespace trtn
