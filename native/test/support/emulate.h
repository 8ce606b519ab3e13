// SPDX-License-Identifier: Apache-2.0
//
// Proof without a GPU that an operator's kernels do what its CPU twin does: Emulate() runs the kernels thread
// by thread (ops/emulator.h), ExpectTwinEqualsKernels() compares the two bit for bit.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <vector>

#include "ops/operator.h"

namespace trtn::test {

/// Memory of exactly as many bytes, at an address divisible by 256 plus `offset`; 0xCD. The address sanitizer
/// sees an access before or behind it.
class ExactMemory {
 public:
  explicit ExactMemory(size_t bytes, size_t offset = 0);
  ~ExactMemory();
  ExactMemory(ExactMemory&& other) noexcept;
  ExactMemory(const ExactMemory&) = delete;
  ExactMemory& operator=(const ExactMemory&) = delete;
  char* data() const { return block_ == nullptr ? nullptr : block_ + offset_; }
  size_t bytes() const { return bytes_; }

 private:
  char* block_;
  size_t offset_, bytes_;
};

/// A tensor with memory of its own.
class HostTensor {
 public:
  /// `offset` in bytes: for tensors that are views into others.
  HostTensor(ElementType type, std::vector<int64_t> dims, size_t offset = 0);
  /// With values, in the type's own representation.
  template <class T>
  HostTensor(ElementType type, std::vector<int64_t> dims, const std::vector<T>& values, size_t offset = 0)
      : HostTensor(type, std::move(dims), offset) {
    Fill(values.data(), values.size() * sizeof(T));
  }
  TensorView view() const;
  size_t bytes() const { return memory_.bytes(); }
  template <class T>
  std::vector<T> Values() const {
    std::vector<T> values(bytes() / sizeof(T));
    if (!values.empty()) std::memcpy(values.data(), memory_.data(), values.size() * sizeof(T));
    return values;
  }

 private:
  void Fill(const void* values, size_t bytes);
  ElementType type_;
  std::vector<int64_t> dims_;
  ExactMemory memory_;
};

/// Runs the operator's launches with a scratch of its size and a copy of its table. Outputs and scratch are
/// 0xCD before. Sets nothing in `memory` for longer than the call.
void Emulate(const ops::Operator& op, ops::OperatorMemory& memory);

/// Runs the twin on one thread, the twin on three threads that take ranges in another order, and the kernels,
/// each with outputs and scratch of 0xCD, and expects the same bytes of all and the inputs as they were. The
/// views' `data` of outputs may be null; where it is not, the twin's results are there afterwards.
void ExpectTwinEqualsKernels(const ops::Operator& op, const std::vector<TensorView>& inputs,
                             const std::vector<TensorView>& outputs);

}  // namespace trtn::test
