// SPDX-License-Identifier: Apache-2.0
#include "ops/tensors/transpose.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "ops/element_dispatch.h"
#include "ops/simd.h"
#include "ops/tensors/tensor_operators.h"

namespace trtn::ops {
namespace {

/// An axis of the output: its size, and its distances in elements on both sides.
struct MovedAxis {
  uint64_t dim, from, to;
};

/// The output's axes, outermost first, without those of size 1; neighbours on both sides are one axis.
std::vector<MovedAxis> MergedAxes(const std::vector<int64_t>& from_dims,
                                  const std::vector<double>& permutation) {
  std::vector<uint64_t> from_strides(from_dims.size(), 1);
  for (size_t i = from_dims.size(); i-- > 1;) {
    from_strides[i - 1] = from_strides[i] * static_cast<uint64_t>(from_dims[i]);
  }
  std::vector<MovedAxis> axes;
  for (const double number : permutation) {
    const size_t axis = static_cast<size_t>(number);
    const uint64_t dim = static_cast<uint64_t>(from_dims[axis]);
    if (dim == 1) continue;
    if (!axes.empty() && axes.back().from == from_strides[axis] * dim) {
      axes.back() = {axes.back().dim * dim, from_strides[axis], 1};
    } else {
      axes.push_back({dim, from_strides[axis], 1});
    }
  }
  for (size_t i = axes.size(); i-- > 1;) axes[i - 1].to = axes[i].to * axes[i].dim;
  return axes;
}

/// One of the two ways; `word` is the width of its kernel.
struct TransposePlan {
  bool tiles = false;
  uint32_t word = 1;
  uint64_t tile_count = 0;
  TransposeGatherArguments gather{};
  TransposeTileArguments tile{};
};

void ChooseTile(TransposeTileArguments& a, uint32_t elements) {
  const uint32_t side = elements == kWideTileElements ? 32 : 64, narrow = side / 4;
  a.tile_a = a.tile_b = side;
  if (a.dim_b <= narrow) {
    a.tile_b = static_cast<uint32_t>(a.dim_b);
    a.tile_a = transpose::AtMost(a.dim_a, elements / (a.tile_b | 1));
  } else if (a.dim_a <= narrow) {
    a.tile_a = static_cast<uint32_t>(a.dim_a);
    a.tile_b = transpose::AtMost(a.dim_b, elements / a.tile_a - 1);
  }
  a.pitch = a.tile_b | 1;
  a.reciprocal_a = transpose::Reciprocal(a.tile_a);
  a.reciprocal_b = transpose::Reciprocal(a.tile_b);
  a.tiles_a = (a.dim_a + a.tile_a - 1) / a.tile_a;
  a.tiles_b = (a.dim_b + a.tile_b - 1) / a.tile_b;
}

TransposePlan PlanTiles(const std::vector<MovedAxis>& axes, uint32_t element_bytes) {
  TransposePlan plan;
  plan.tiles = true;
  plan.word = element_bytes;
  TransposeTileArguments& a = plan.tile;
  uint64_t batch = 1;
  a.dim_a = axes.back().dim;
  a.from_stride_a = axes.back().from;
  for (size_t i = 0; i + 1 < axes.size(); i++) {
    if (axes[i].from == 1) {
      a.dim_b = axes[i].dim;
      a.to_stride_b = axes[i].to;
      continue;
    }
    a.batch_dims[a.batch_rank] = axes[i].dim;
    a.batch_from[a.batch_rank] = axes[i].from;
    a.batch_to[a.batch_rank++] = axes[i].to;
    batch *= axes[i].dim;
  }
  ChooseTile(a, element_bytes == 8 ? kWideTileElements : kTileElements);
  plan.tile_count = batch * a.tiles_a * a.tiles_b;
  return plan;
}

TransposePlan PlanGather(std::vector<MovedAxis> axes, uint32_t element_bytes, uint64_t addresses) {
  TransposePlan plan;
  if (axes.empty()) axes.push_back({1, 1, 1});
  const uint64_t run_bytes = axes.back().dim * element_bytes;
  // Elements one by one where the last axis was not the last.
  const bool has_runs = axes.back().from == 1;
  plan.word = has_runs ? WordBytes(addresses | run_bytes) : element_bytes;
  TransposeGatherArguments& a = plan.gather;
  a.count = 1;
  for (const MovedAxis& axis : axes) {
    const bool last = &axis == &axes.back();
    a.dims[a.rank] = last ? run_bytes / plan.word : axis.dim;
    // All runs begin at multiples of their own length, and so of the word.
    a.from_strides[a.rank] = last && has_runs ? 1 : axis.from * element_bytes / plan.word;
    a.count *= a.dims[a.rank++];
  }
  return plan;
}

/// Runs [begin, end) of the last axis.
void CopyRuns(const TransposeGatherArguments& a, uint32_t word, int64_t begin, int64_t end) {
  const uint64_t run = a.dims[a.rank - 1];
  for (int64_t i = begin; i < end; i++) {
    const uint64_t to = static_cast<uint64_t>(i) * run;
    std::memcpy(static_cast<uint8_t*>(a.to) + to * word,
                static_cast<const uint8_t*>(a.from) + transpose::FromOffset(a, to) * word, run * word);
  }
}

template <class Word>
void TurnTile(const TransposeTileArguments& a, uint64_t number) {
  const transpose::Tile tile = transpose::TileAt(a, number);
  const Word* TRTN_RESTRICT from = static_cast<const Word*>(a.from) + tile.from;
  Word* TRTN_RESTRICT to = static_cast<Word*>(a.to) + tile.to;
  for (uint32_t b = 0; b < tile.count_b; b++) {
    for (uint32_t i = 0; i < tile.count_a; i++) to[b * a.to_stride_b + i] = from[i * a.from_stride_a + b];
  }
}

class TransposeOperator final : public Operator {
 public:
  explicit TransposeOperator(const Attributes& attributes)
      : permutation_(attributes.Numbers("permutation")) {}

  void RunOnCpu(const OperatorMemory& memory, Workers& workers) const override {
    if (ElementCount(memory.inputs.at(0).dims) == 0) return;
    const TransposePlan plan = Plan(memory);
    if (!plan.tiles) return RunRuns(plan, workers);
    workers.ParallelFor(static_cast<int64_t>(plan.tile_count), 8, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) Turn(plan, static_cast<uint64_t>(i));
    });
  }

  std::vector<KernelLaunch> Launches(const OperatorMemory& memory) const override {
    if (ElementCount(memory.inputs.at(0).dims) == 0) return {};
    const TransposePlan plan = Plan(memory);
    const std::string width = std::to_string(plan.word);
    if (plan.tiles && plan.tile.tile_a * plan.tile.tile_b >= kMoverThreads) {
      return {MakeLaunch("transpose_tile_w" + width, {static_cast<uint32_t>(plan.tile_count)},
                         {kMoverThreads}, plan.tile)};
    }
    const uint32_t blocks = BlocksFor(static_cast<int64_t>(plan.gather.count), kMoverThreads * kMoverUnroll);
    return {MakeLaunch("transpose_gather_w" + width, {blocks}, {kMoverThreads}, plan.gather)};
  }

 private:
  static void Turn(const TransposePlan& plan, uint64_t number) {
    switch (plan.word) {
      case 1:
        return TurnTile<uint8_t>(plan.tile, number);
      case 2:
        return TurnTile<uint16_t>(plan.tile, number);
      case 4:
        return TurnTile<uint32_t>(plan.tile, number);
      default:
        return TurnTile<uint64_t>(plan.tile, number);
    }
  }

  static void RunRuns(const TransposePlan& plan, Workers& workers) {
    const TransposeGatherArguments& a = plan.gather;
    const uint64_t run = a.dims[a.rank - 1];
    const int64_t grain = 1 + tensors::kGrain / static_cast<int64_t>(run * plan.word);
    workers.ParallelFor(static_cast<int64_t>(a.count / run), grain,
                        [&](int64_t begin, int64_t end) { CopyRuns(a, plan.word, begin, end); });
  }

  TransposePlan Plan(const OperatorMemory& memory) const {
    const TensorView &from = memory.inputs.at(0), &to = memory.outputs.at(0);
    const size_t rank = from.dims.size();
    bool fits = from.type == to.type && rank == permutation_.size() && rank == to.dims.size() &&
                rank <= static_cast<size_t>(kMaxTransposeRank);
    std::vector<bool> taken(rank, false);
    for (size_t i = 0; i < rank && fits; i++) {
      const double axis = permutation_[i];
      fits = axis >= 0 && axis < static_cast<double>(rank) && !taken[static_cast<size_t>(axis)] &&
             to.dims[i] == from.dims[static_cast<size_t>(axis)];
      if (fits) taken[static_cast<size_t>(axis)] = true;
    }
    tensors::Require(fits, "transpose");
    const std::vector<MovedAxis> axes = MergedAxes(from.dims, permutation_);
    const uint32_t bytes = static_cast<uint32_t>(ElementBytes(from.type));
    const bool tiles = !axes.empty() && axes.back().from != 1;
    const TransposePlan gather = PlanGather(axes, bytes, AddressOf(from.data) | AddressOf(to.data));
    TransposePlan plan = tiles ? PlanTiles(axes, bytes) : gather;
    plan.gather = gather.gather;
    plan.gather.from = plan.tile.from = from.data;
    plan.gather.to = plan.tile.to = to.data;
    return plan;
  }

  const std::vector<double> permutation_;
};

}  // namespace

std::unique_ptr<Operator> MakeTranspose(const Attributes& attributes) {
  return std::make_unique<TransposeOperator>(attributes);
}

}  // namespace trtn::ops
