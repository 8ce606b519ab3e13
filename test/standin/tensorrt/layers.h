// SPDX-License-Identifier: Apache-2.0
//
// The functions of a plan's layers. Elements are float32 but for identity (any type), and indices:
//
//   identity x y             scale x y <weight>               y = x * weight[0]
//   add a b y                (NumPy's broadcasting)           matmul x <weight> <k>x<n> y
//   topk x values indices k  (largest, along the last dim)    nonzero x y  (int64 [rank, n], data-dependent)
//   reshape x shape y        (shape: a tensor in host memory; 0 copies a dim, -1 infers one)
//   sum x y                  (over all dims but the first)
//   shapeof x s  (int64 or int32 [rank], which inferShapes() writes too if it lies on the host)
//   relu x y                                                  cast x y   float16 <-> float32
//   flatten x y n            (the first n dims stay, the others become one)
//   conv x <weight> <o>x<c>x<s> y     x [n, c, h, w] with o filters [c, s, s], padded so that y is [n, o, h,
//   w]
//
// A cast's types are those of its tensors; inside the network it makes float32.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tensor_type.h"

namespace standin {

struct Layer {
  std::string function;
  /// "scale x": names a layer in logs, profiles and timelines.
  std::string name;
  /// Indices of tensors in Plan::tensors.
  std::vector<int> inputs, outputs;
  std::string weight;
  /// Of matmul the weight's dims, of topk how many, of flatten how many dims stay, of conv the channels in
  /// and out and the side of a filter.
  int64_t k = 0, n = 0, size = 1;
  /// How many numbers its weight must have.
  int64_t WeightCount() const { return k > 0 && n > 0 ? k * n * size * size : 1; }
};

/// Parses "<function> <args>"; `tensor` gives a name's index, making a tensor inside the network where there
/// is none. Throws std::runtime_error.
Layer ParseLayer(const std::string& text, const std::function<int(const std::string&)>& tensor);

/// Shapes of the outputs, -1 where they are unknown. `values` are those of a host shape tensor, or null.
/// Throws std::runtime_error where the inputs do not fit each other.
std::vector<Shape> InferLayer(const Layer& layer, const std::vector<Shape>& inputs, const Shape* values);

/// A tensor in memory, while a kernel runs.
struct Operand {
  void* data = nullptr;
  Shape dims;
  nv::DataType type = nv::DataType::kFLOAT;
};

/// Computes on the host.
void RunLayer(const Layer& layer, const std::vector<Operand>& inputs, const std::vector<Operand>& outputs,
              const std::vector<float>& weight);

/// What shapeof writes.
void PutShape(const Shape& shape, const Operand& tensor);

/// How many elements are not zero: what decides the size of nonzero's output.
int64_t CountNonZero(const Operand& input);

}  // namespace standin
