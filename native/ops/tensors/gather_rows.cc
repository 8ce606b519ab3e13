// SPDX-License-Identifier: Apache-2.0
#include "ops/tensors/gather_rows.h"

#include <cstring>
#include <string>

#include "core/error.h"
#include "ops/element_dispatch.h"
#include "ops/tensors/tensor_operators.h"

namespace trtn::ops {
namespace {

class GatherRowsOperator final : public Operator {
 public:
  void RunOnCpu(const OperatorMemory& memory, Workers& workers) const override {
    const GatherRowsArguments arguments = Arguments(memory, 1);
    // All of them before the first row is written: a refused call leaves its output as it was.
    for (uint64_t i = 0; i < arguments.wanted; i++) RequireRow(arguments, i);
    if (arguments.row_words == 0) return;
    const uint64_t bytes = arguments.row_words;
    workers.ParallelFor(static_cast<int64_t>(arguments.wanted),
                        1 + tensors::kGrain / static_cast<int64_t>(bytes), [&](int64_t begin, int64_t end) {
                          for (int64_t i = begin; i < end; i++) {
                            // Read again, and checked again: the caller's array may have changed.
                            const int64_t row = RequireRow(arguments, static_cast<uint64_t>(i));
                            std::memcpy(static_cast<uint8_t*>(arguments.to) + i * bytes,
                                        static_cast<const uint8_t*>(arguments.from) + row * bytes, bytes);
                          }
                        });
  }

  std::vector<KernelLaunch> Launches(const OperatorMemory& memory) const override {
    const uint64_t row_bytes = Arguments(memory, 1).row_words;
    const uint32_t word =
        WordBytes(AddressOf(memory.inputs[0].data) | AddressOf(memory.outputs[0].data) | row_bytes);
    const GatherRowsArguments arguments = Arguments(memory, word);
    const uint64_t words = arguments.wanted * arguments.row_words;
    if (words == 0) return {};
    return {MakeLaunch("gather_rows_w" + std::to_string(word),
                       {BlocksFor(static_cast<int64_t>(words), kMoverThreads * kMoverUnroll)},
                       {kMoverThreads}, arguments)};
  }

 private:
  static int64_t RequireRow(const GatherRowsArguments& arguments, uint64_t position) {
    const int64_t row = gather::IndexAt(arguments, position);
    if (gather::IsRow(arguments, row)) return row;
    Error error("ERR_TRT_ARG_TENSOR", "gatherRows() takes indices from 0 to " +
                                          std::to_string(static_cast<int64_t>(arguments.rows) - 1) +
                                          ", the rows of x, but index number " + std::to_string(position) +
                                          " is " + std::to_string(row) + ".");
    error.AddNumber("position", position);
    error.AddNumber("index", row);
    error.AddNumber("rows", arguments.rows);
    throw error;
  }

  static GatherRowsArguments Arguments(const OperatorMemory& memory, uint32_t word) {
    const TensorView &from = memory.inputs.at(0), &indices = memory.inputs.at(1), &to = memory.outputs.at(0);
    const bool is_index = indices.type == ElementType::kInt32 || indices.type == ElementType::kInt64;
    tensors::Require(!from.dims.empty() && is_index && from.type == to.type, "gatherRows");
    uint64_t row_bytes = ElementBytes(from.type);
    for (size_t i = 1; i < from.dims.size(); i++) row_bytes *= static_cast<uint64_t>(from.dims[i]);
    const uint64_t wanted = ElementCount(indices.dims);
    tensors::Require(TensorBytes(to.type, to.dims) == wanted * row_bytes, "gatherRows");
    return {from.data,
            indices.data,
            to.data,
            static_cast<uint64_t>(from.dims[0]),
            row_bytes / word,
            wanted,
            static_cast<int32_t>(ElementBytes(indices.type))};
  }
};

}  // namespace

std::unique_ptr<Operator> MakeGatherRows(const Attributes&) { return std::make_unique<GatherRowsOperator>(); }

}  // namespace trtn::ops
