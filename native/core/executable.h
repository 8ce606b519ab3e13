// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/tensor.h"

namespace trtn {

/// Memory of an output that the backend allocated because its shape was known only afterwards.
struct OwnedOutput {
  TensorView view;
  std::shared_ptr<void> owner;  // frees the memory with its last reference, on any thread
};

/// One output of a call. With `view.data` set the backend writes there (dims must be complete); without, it
/// allocates and fills `owned`.
struct OutputSlot {
  bool wanted = true;
  TensorView view;
  OwnedOutput owned;
};

/// A place where one call at a time runs. Used from one thread at a time, not always the same.
class ExecutionContext {
 public:
  virtual ~ExecutionContext() = default;
  /// Blocks until the outputs are written. `inputs` and `outputs` are in the model's order. Throws
  /// trtn::Error.
  virtual void Run(const std::vector<TensorView>& inputs, std::vector<OutputSlot>& outputs) = 0;
  /// Dimensions of every output for these inputs. May run the model where nothing else tells them.
  virtual std::vector<std::vector<int64_t>> ResolveOutputDims(const std::vector<TensorView>& inputs) = 0;
  /// Asks a Run() in progress, and all later ones, to fail soon. Callable from any thread. Only for tearing
  /// down: a backend that cannot stop early may ignore it.
  virtual void Interrupt() noexcept {}
};

/// Inputs and outputs fixed once for any number of runs over the same memory. One run at a time, on any
/// thread.
class BoundExecution {
 public:
  virtual ~BoundExecution() = default;
  /// Blocks until the outputs are written; moves no byte between host buffers. Throws trtn::Error.
  virtual void Run() = 0;
  /// As ExecutionContext::Interrupt().
  virtual void Interrupt() noexcept {}
};

/// A loaded model or a deserialised plan: immutable and shared by its contexts.
class Executable {
 public:
  virtual ~Executable() = default;
  virtual const std::vector<TensorInfo>& inputs() const = 0;
  virtual const std::vector<TensorInfo>& outputs() const = 0;
  virtual std::unique_ptr<ExecutionContext> CreateContext() = 0;
  /// The views' memory must outlive the returned object; all dims must be complete. Throws trtn::Error.
  virtual std::unique_ptr<BoundExecution> Bind(const std::vector<TensorView>& inputs,
                                               const std::vector<TensorView>& outputs) = 0;
};

}  // namespace trtn
