// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>

#include "trt/family/nvinfer.h"
#include "trt/plan.h"

namespace trtn::trt::TRTN_FAMILY {

/// Hands TensorRT's debug tensors to a DebugListener.
class DebugTensorListener final : public nv::IDebugListener {
 public:
  explicit DebugTensorListener(DebugListener listener) : listener_(std::move(listener)) {}

  bool processDebugTensor(void const* address, nv::TensorLocation location, nv::DataType type,
                          nv::Dims const& shape, char const* name, cudaStream_t stream) override;

 private:
  const DebugListener listener_;
};

}  // namespace trtn::trt::TRTN_FAMILY
