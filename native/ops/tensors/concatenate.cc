// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>
#include <string>

#include "ops/element_dispatch.h"
#include "ops/tensors/copy_rows.h"
#include "ops/tensors/tensor_operators.h"

namespace trtn::ops {
namespace {

/// One part's rows and where they lie in the whole; in bytes.
struct PartRows {
  uint8_t* part;
  uint8_t* whole;
  uint64_t rows, row_bytes, whole_stride;
};

/// Concatenation (parts into the whole) and splitting (the whole into parts).
class RowsOperator final : public Operator {
 public:
  RowsOperator(const Attributes& attributes, bool joins)
      : axis_(static_cast<size_t>(attributes.Integer("axis"))), joins_(joins) {}

  void RunOnCpu(const OperatorMemory& memory, Workers& workers) const override {
    for (const PartRows& part : Parts(memory)) {
      // In pieces, so that one long row is shared out as many short ones are.
      const int64_t piece = tensors::kGrain;
      const int64_t pieces = static_cast<int64_t>((part.row_bytes + piece - 1) / piece);
      workers.ParallelFor(static_cast<int64_t>(part.rows) * pieces, 1 + piece / (1 + part.row_bytes),
                          [&](int64_t begin, int64_t end) {
                            for (int64_t i = begin; i < end; i++) CopyPiece(part, i / pieces, i % pieces);
                          });
    }
  }

  std::vector<KernelLaunch> Launches(const OperatorMemory& memory) const override {
    std::vector<KernelLaunch> launches;
    for (const PartRows& part : Parts(memory)) {
      // One row has no distance to the next.
      const uint64_t stride = part.rows == 1 ? part.row_bytes : part.whole_stride;
      const uint32_t word = WordBytes(AddressOf(part.part) | AddressOf(part.whole) | part.row_bytes | stride);
      const uint64_t row_words = part.row_bytes / word, whole_words = stride / word;
      const CopyRowsArguments arguments =
          joins_ ? CopyRowsArguments{part.part, part.whole, part.rows, row_words, row_words, whole_words}
                 : CopyRowsArguments{part.whole, part.part, part.rows, row_words, whole_words, row_words};
      launches.push_back(
          MakeLaunch("copy_rows_w" + std::to_string(word),
                     {BlocksFor(static_cast<int64_t>(part.rows * row_words), kMoverThreads * kMoverUnroll)},
                     {kMoverThreads}, arguments));
    }
    return launches;
  }

 private:
  void CopyPiece(const PartRows& part, uint64_t row, uint64_t piece) const {
    const uint64_t first = piece * tensors::kGrain;
    const uint64_t bytes = std::min<uint64_t>(tensors::kGrain, part.row_bytes - first);
    uint8_t* const of_part = part.part + row * part.row_bytes + first;
    uint8_t* const of_whole = part.whole + row * part.whole_stride + first;
    std::memcpy(joins_ ? of_whole : of_part, joins_ ? of_part : of_whole, bytes);
  }

  /// Those that have bytes.
  std::vector<PartRows> Parts(const OperatorMemory& memory) const {
    const TensorView& whole = (joins_ ? memory.outputs : memory.inputs).at(0);
    uint64_t rows = 1, stride = ElementBytes(whole.type), covered = 0;
    tensors::Require(axis_ < whole.dims.size(), Name());
    for (size_t i = 0; i < axis_; i++) rows *= static_cast<uint64_t>(whole.dims[i]);
    for (size_t i = axis_; i < whole.dims.size(); i++) stride *= static_cast<uint64_t>(whole.dims[i]);
    std::vector<PartRows> parts;
    for (const TensorView& part : joins_ ? memory.inputs : memory.outputs) {
      const uint64_t bytes = TensorBytes(part.type, part.dims);
      tensors::Require(part.type == whole.type && (rows == 0 ? bytes == 0 : bytes % rows == 0), Name());
      const uint64_t row_bytes = rows == 0 ? 0 : bytes / rows;
      if (bytes != 0) {
        parts.push_back({static_cast<uint8_t*>(part.data), static_cast<uint8_t*>(whole.data) + covered, rows,
                         row_bytes, stride});
      }
      covered += row_bytes;
    }
    tensors::Require(rows == 0 || covered == stride, Name());
    return parts;
  }

  const char* Name() const { return joins_ ? "concatenate" : "split"; }

  const size_t axis_;
  const bool joins_;
};

}  // namespace

std::unique_ptr<Operator> MakeConcatenate(const Attributes& attributes) {
  return std::make_unique<RowsOperator>(attributes, true);
}

std::unique_ptr<Operator> MakeSplit(const Attributes& attributes) {
  return std::make_unique<RowsOperator>(attributes, false);
}

}  // namespace trtn::ops
