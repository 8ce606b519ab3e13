// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/memory.h"
#include "core/tensor.h"

namespace trtn {

class EngineControl;
struct TraceRequest;
struct RunTrace;

/// Memory of an output that the backend allocated.
struct OwnedOutput {
  TensorView view;
  std::shared_ptr<void> owner;  // frees the memory with its last reference, on any thread
};

/// One output of a call. With `view.data` set the backend writes there (dims must be complete); without, it
/// allocates and fills `owned`, in the place that `view.place` names.
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
  /// As Run(), and records what `request` asks for. Throws ERR_TRT_RUN_UNSUPPORTED where the backend cannot.
  virtual void RunTraced(const std::vector<TensorView>& inputs, std::vector<OutputSlot>& outputs,
                         const TraceRequest& request, RunTrace& trace);
  /// Type, dims and bytes of every output for these inputs, without memory; dims are -1 where only a run can
  /// tell. The content of shape tensors counts, that of other inputs does not. A backend that has no other
  /// way runs the model on the inputs as they are.
  virtual std::vector<TensorView> ResolveOutputs(const std::vector<TensorView>& inputs) = 0;
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
  /// Dims of the outputs after a run, in the model's order; null where they are those it was bound with.
  virtual const std::vector<std::vector<int64_t>>* OutputDims() const { return nullptr; }
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
  /// The views' memory must outlive the returned object; inputs' dims must be complete. Host memory must come
  /// from host_pool(). Throws trtn::Error.
  virtual std::unique_ptr<BoundExecution> Bind(const std::vector<TensorView>& inputs,
                                               const std::vector<TensorView>& outputs) = 0;
  /// Where the host memory of calls and bindings comes from: plain memory, page-locked on a GPU.
  virtual const std::shared_ptr<HostPool>& host_pool() const = 0;
  /// Memory for a binding's tensor on the device. Throws ERR_TRT_RUN_UNSUPPORTED on the CPU.
  virtual std::shared_ptr<void> AllocateDeviceTensor(size_t bytes, const std::string& what);
  /// What can be asked of a TensorRT engine; null for other backends.
  virtual EngineControl* control() { return nullptr; }
  /// Called once on each thread that will run calls, before its first and after its last.
  virtual void EnterThread() {}
  virtual void LeaveThread() noexcept {}
  /// Around a call on a thread that is not the session's.
  virtual void EnterForeignThread() {}
  virtual void LeaveForeignThread() noexcept {}
};

}  // namespace trtn
