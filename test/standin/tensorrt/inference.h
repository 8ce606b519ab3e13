// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "plan.h"

namespace standin {

/// One inference as its kernels see it: the addresses and shapes of the moment when it was enqueued. A graph
/// that captured it runs it again and again.
struct Inference {
  std::shared_ptr<const Plan> plan;
  std::vector<Operand> operands;
  /// By layer.
  std::vector<Weights> weights;
  /// Memory of tensors inside the network; what is not there lies at an address of the user's.
  std::vector<std::shared_ptr<std::vector<char>>> inside;
  /// Activation memory: its first bytes tell which inference is using it.
  void* memory = nullptr;
  int64_t memory_bytes = 0;
  int first_layer = 0, last_layer = 0;
  int64_t nonzero_count = 0;
};

/// Puts the kernel of a layer on a stream; returns a CUresult.
int LaunchLayer(const std::shared_ptr<Inference>& inference, int layer, cudaStream_t stream);

/// Puts the kernel on a stream that counts what is not zero, into Inference::nonzero_count.
int LaunchCount(const std::shared_ptr<Inference>& inference, int layer, cudaStream_t stream);

}  // namespace standin
