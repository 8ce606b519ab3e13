// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "ops/workers.h"

namespace trtn::numerics {

/// Rotations of neighbouring columns of a matrix, kept until there are enough of them: a strip of rows then
/// goes through all of them while it is in the cache, instead of the matrix through each.
class Rotations {
 public:
  /// `matrix` is [rows, columns], row-major.
  Rotations(double* matrix, int64_t rows, int64_t columns)
      : matrix_(matrix), rows_(rows), columns_(columns) {}

  /// The next rotations are of the columns `first` and `first` + 1, then of each pair to the right.
  void BeginSweep(int64_t first);
  /// (x, y) <- (c x + s y, c y - s x)
  void Add(double c, double s);
  /// Whether it is time to Apply().
  bool IsFull() const;
  /// Turns the columns; forgets the rotations.
  void Apply(ops::Workers& workers);

 private:
  struct Sweep {
    int64_t first;
    /// Position of its first rotation.
    size_t begin;
  };
  struct Rotation {
    double c, s;
  };
  /// Behind the first column of its last rotation.
  int64_t EndOf(size_t sweep) const;
  void ApplyToStrip(double* strip) const;
  void ApplyGroup(double* strip, size_t begin, size_t end) const;

  double* const matrix_;
  const int64_t rows_, columns_;
  std::vector<Sweep> sweeps_;
  std::vector<Rotation> rotations_;
};

}  // namespace trtn::numerics
