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
  /// Lives until the call has ended, also when its tensors are closed before.
  std::vector<std::shared_ptr<void>> device_memory;
  /// Where its device tensors are.
  std::optional<DeviceAddress> device;
};

/// Types and dims of inputs and outputs, without memory.
struct ChainShapes {
  std::vector<TensorView> inputs, outputs;
};
ChainShapes ShapesOf(const chain::ChainSpec& spec);

/// Throws ERR_TRT_RUN_INPUT_SIZE for memory of another size, ERR_TRT_RUN_DEVICE_TENSOR for device tensors
/// that are closed or on different devices, ERR_TRT_ARG_VALUE for a target that overlaps an input or another
/// target.
ChainTensors ReadChainTensors(const ChainShapes& shapes, Napi::Array inputs, Napi::Array targets);

}  // namespace trtn
