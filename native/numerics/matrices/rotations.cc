// SPDX-License-Identifier: Apache-2.0
#include "numerics/matrices/rotations.h"

#include <algorithm>

#include "numerics/matrices/simd.h"

namespace trtn::numerics {
namespace {

/// Half a megabyte of them.
constexpr size_t kMostRotations = 32768;
/// Rows of a strip: enough independent chains to keep the arithmetic units busy.
constexpr int64_t kStrip = 16;

/// Sweeps that go through the columns together, and columns that they advance at a time: 16 KB of a strip,
/// which stay in the first cache while all of them pass.
constexpr size_t kGroup = 64;
constexpr int64_t kWindow = 64;

/// Turns neighbours among `count` + 1 vectors of kStrip elements that follow each other. `pairs` are c and s.
TRTN_SIMD_CLONES void RotateNeighbours(double* TRTN_RESTRICT vectors, const double* TRTN_RESTRICT pairs,
                                       int64_t count) {
  Four left[4];
#pragma GCC unroll 4
  for (int part = 0; part < 4; ++part) left[part] = *reinterpret_cast<const Four*>(vectors + part * kLanes);
  for (int64_t i = 0; i < count; ++i) {
    const double c = pairs[2 * i], s = pairs[2 * i + 1];
#pragma GCC unroll 4
    for (int part = 0; part < 4; ++part) {
      const Four right = *reinterpret_cast<const Four*>(vectors + kStrip + part * kLanes);
      *reinterpret_cast<Four*>(vectors + part * kLanes) = c * left[part] + s * right;
      left[part] = c * right - s * left[part];
    }
    vectors += kStrip;
  }
#pragma GCC unroll 4
  for (int part = 0; part < 4; ++part) *reinterpret_cast<Four*>(vectors + part * kLanes) = left[part];
}

}  // namespace

void Rotations::BeginSweep(int64_t first) { sweeps_.push_back({first, rotations_.size()}); }

void Rotations::Add(double c, double s) { rotations_.push_back({c, s}); }

int64_t Rotations::EndOf(size_t sweep) const {
  const size_t end = sweep + 1 < sweeps_.size() ? sweeps_[sweep + 1].begin : rotations_.size();
  return sweeps_[sweep].first + static_cast<int64_t>(end - sweeps_[sweep].begin);
}

bool Rotations::IsFull() const { return rotations_.size() >= kMostRotations; }

void Rotations::Apply(ops::Workers& workers) {
  if (!rotations_.empty()) {
    int64_t first = columns_, last = 0;
    for (size_t i = 0; i < sweeps_.size(); ++i) {
      first = std::min(first, sweeps_[i].first);
      last = std::max(last, EndOf(i));
    }
    workers.ParallelFor((rows_ + kStrip - 1) / kStrip, 1, [&](int64_t begin, int64_t end) {
      LineAligned strip(columns_ * kStrip);
      for (int64_t row = begin * kStrip; row < std::min(end * kStrip, rows_); row += kStrip) {
        const int64_t height = std::min(kStrip, rows_ - row);
        for (int64_t r = 0; r < height; ++r) {
          const double* from = matrix_ + (row + r) * columns_;
          for (int64_t j = first; j <= last; ++j) strip.data()[j * kStrip + r] = from[j];
        }
        ApplyToStrip(strip.data());
        for (int64_t r = 0; r < height; ++r) {
          double* to = matrix_ + (row + r) * columns_;
          for (int64_t j = first; j <= last; ++j) to[j] = strip.data()[j * kStrip + r];
        }
      }
    });
  }
  sweeps_.clear();
  rotations_.clear();
}

void Rotations::ApplyToStrip(double* strip) const {
  for (size_t group = 0; group < sweeps_.size(); group += kGroup)
    ApplyGroup(strip, group, std::min(group + kGroup, sweeps_.size()));
}

void Rotations::ApplyGroup(double* strip, size_t begin, size_t end) const {
  int64_t next[kGroup], edge = columns_, last = 0;
  for (size_t i = begin; i < end; ++i) {
    next[i - begin] = sweeps_[i].first;
    edge = std::min(edge, sweeps_[i].first);
    last = std::max(last, EndOf(i));
  }
  // A rotation needs those of the sweep before it up to the next column: each sweep stays one column behind.
  while (edge < last + static_cast<int64_t>(kGroup)) {
    edge += kWindow;
    for (size_t i = begin; i < end; ++i) {
      int64_t& at = next[i - begin];
      const int64_t count = std::min(EndOf(i), edge - static_cast<int64_t>(i - begin)) - at;
      if (count <= 0) continue;
      const size_t first = sweeps_[i].begin + static_cast<size_t>(at - sweeps_[i].first);
      RotateNeighbours(strip + at * kStrip, &rotations_[first].c, count);
      at += count;
    }
  }
}

}  // namespace trtn::numerics
