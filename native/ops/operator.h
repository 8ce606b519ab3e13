// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/tensor.h"
#include "ops/attributes.h"
#include "ops/launch.h"
#include "ops/workers.h"

namespace trtn::ops {

/// Where one call reads and writes. On the device all addresses are the device's.
struct OperatorMemory {
  std::vector<TensorView> inputs, outputs;
  /// ScratchBytes() of memory, 256-aligned, content undefined. Null if none was asked for.
  void* scratch = nullptr;
  /// The bytes of DeviceTable(), on the device. Null on the CPU and where the table is empty.
  const void* table = nullptr;
};

/// One operator with its attributes: immutable, used by any number of threads at once. TypeScript has checked
/// types, shapes and attributes and made the outputs; an operator checks again only what could corrupt
/// memory, and throws trtn::Error. Inputs and outputs do not overlap, have any alignment their element type
/// allows on the CPU, and 256 bytes on the device unless they are views into another tensor (then: that of
/// their element type).
class Operator {
 public:
  virtual ~Operator() = default;
  /// Of the CPU twin and of the launches alike.
  virtual size_t ScratchBytes(const OperatorMemory& memory) const { return 0; }
  /// Blocks until the outputs are written: the CPU twin, over the threads of `workers`.
  virtual void RunOnCpu(const OperatorMemory& memory, Workers& workers) const = 0;
  /// What the launches read besides their arguments: sizes and addresses of many images, coefficients. Sees
  /// the addresses of inputs and outputs, not those of scratch and table.
  virtual std::vector<uint8_t> DeviceTable(const OperatorMemory& memory) const { return {}; }
  /// The same computation on a device, in the order given. Makes no call of the driver.
  virtual std::vector<KernelLaunch> Launches(const OperatorMemory& memory) const = 0;
};

/// An operator's name and how it is made.
struct OperatorEntry {
  const char* name;
  std::unique_ptr<Operator> (*make)(const Attributes& attributes);
};

// One list for each family, defined in native/ops/<family>/operators.cc.
std::vector<OperatorEntry> ImageOperators();
std::vector<OperatorEntry> TensorOperators();
std::vector<OperatorEntry> ScoreOperators();
std::vector<OperatorEntry> BoxOperators();
std::vector<OperatorEntry> SignalOperators();

/// Throws ERR_TRT_RUN_FAILED for an unknown name.
std::unique_ptr<Operator> MakeOperator(const std::string& name, const Attributes& attributes);

}  // namespace trtn::ops
