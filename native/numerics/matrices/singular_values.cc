// SPDX-License-Identifier: Apache-2.0
// Golub and Van Loan, "Matrix Computations", 8.6, with the step without a shift of Demmel and Kahan,
// "Accurate singular values of bidiagonal matrices" (1990), for what is singular.
#include "numerics/matrices/singular_values.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "core/error.h"
#include "numerics/matrices/bidiagonal.h"
#include "numerics/matrices/rotations.h"

namespace trtn::numerics {

using ops::Workers;

namespace {

constexpr double kEpsilon = std::numeric_limits<double>::epsilon();
/// QR steps for each singular value; two are usual.
constexpr int64_t kMostSteps = 60;

struct Rotation {
  double c, s;
  /// What the first of the two numbers becomes; the second becomes 0.
  double r;
};

Rotation RotationOf(double f, double g) {
  if (g == 0) return {1, 0, f};
  const double r = std::sqrt(f * f + g * g);
  // Both below what a square can hold: they are nothing beside the largest entry, which is about 1.
  if (r == 0) return {1, 0, f};
  return {f / r, g / r, r};
}

/// QR steps on B until nothing is left above its diagonal; the factors' columns turn with it.
class Diagonalization {
 public:
  Diagonalization(Workers& workers, Bidiagonal& matrix, int64_t rows, int64_t columns)
      : workers_(workers),
        d_(matrix.diagonal),
        e_(matrix.upper),
        size_(columns),
        left_(matrix.q.data(), rows, columns),
        right_(matrix.p.data(), columns, columns) {}

  void Run() {
    double largest = 0;
    for (const double value : d_) largest = std::max(largest, std::abs(value));
    for (const double value : e_) largest = std::max(largest, std::abs(value));
    negligible_ = largest * kEpsilon;
    int64_t steps = kMostSteps * size_;
    for (int64_t last = size_ - 1; last > 0;) {
      if (steps-- == 0) throw Error("ERR_TRT_COMPRESS_CHECK", "Singular values did not converge.");
      last = Deflate(last);
      if (last > 0) Step(FirstOf(last), last);
    }
    left_.Apply(workers_);
    right_.Apply(workers_);
  }

 private:
  /// The last row with something right of the diagonal above it, 0 if there is none.
  int64_t Deflate(int64_t last) {
    for (double& value : d_) value = std::abs(value) <= negligible_ ? 0 : value;
    for (double& value : e_) value = std::abs(value) <= negligible_ ? 0 : value;
    while (last > 0 && e_[last - 1] == 0) --last;
    return last;
  }

  int64_t FirstOf(int64_t last) const {
    int64_t first = last - 1;
    while (first > 0 && e_[first - 1] != 0) --first;
    return first;
  }

  void Step(int64_t first, int64_t last) {
    const double shift = ShiftOf(first, last);
    left_.BeginSweep(first);
    right_.BeginSweep(first);
    if (shift == 0) {
      StepWithoutShift(first, last);
    } else {
      StepWithShift(first, last, shift);
    }
    if (!left_.IsFull()) return;
    left_.Apply(workers_);
    right_.Apply(workers_);
  }

  /// The smaller singular value of the last two by two block; 0 where a shift would lose the small values.
  double ShiftOf(int64_t first, int64_t last) const {
    if (std::find(d_.begin() + first, d_.begin() + last + 1, 0.0) != d_.begin() + last + 1) return 0;
    const double f = std::abs(d_[last - 1]), g = std::abs(e_[last - 1]), h = std::abs(d_[last]);
    const double low = std::min(f, h), high = std::max(f, h);
    const double sum = 1 + low / high, difference = (high - low) / high, part = g / high;
    const double shift = low * (2 / (std::hypot(sum, part) + std::hypot(difference, part)));
    const double ratio = shift / d_[first];
    return ratio * ratio < kEpsilon ? 0 : shift;
  }

  void StepWithShift(int64_t first, int64_t last, double shift) {
    double f = (std::abs(d_[first]) - shift) * (std::copysign(1.0, d_[first]) + shift / d_[first]);
    double g = e_[first];
    for (int64_t i = first; i < last; ++i) {
      const Rotation right = RotationOf(f, g);
      if (i > first) e_[i - 1] = right.r;
      f = right.c * d_[i] + right.s * e_[i];
      e_[i] = right.c * e_[i] - right.s * d_[i];
      g = right.s * d_[i + 1];
      d_[i + 1] *= right.c;
      const Rotation left = RotationOf(f, g);
      d_[i] = left.r;
      f = left.c * e_[i] + left.s * d_[i + 1];
      d_[i + 1] = left.c * d_[i + 1] - left.s * e_[i];
      if (i + 1 < last) {
        g = left.s * e_[i + 1];
        e_[i + 1] *= left.c;
      }
      right_.Add(right.c, right.s);
      left_.Add(left.c, left.s);
    }
    e_[last - 1] = f;
  }

  void StepWithoutShift(int64_t first, int64_t last) {
    Rotation right{1, 0, 0}, left{1, 0, 0};
    for (int64_t i = first; i < last; ++i) {
      right = RotationOf(d_[i] * right.c, e_[i]);
      if (i > first) e_[i - 1] = left.s * right.r;
      left = RotationOf(left.c * right.r, d_[i + 1] * right.s);
      d_[i] = left.r;
      right_.Add(right.c, right.s);
      left_.Add(left.c, left.s);
    }
    const double rest = d_[last] * right.c;
    d_[last] = rest * left.c;
    e_[last - 1] = rest * left.s;
  }

  Workers& workers_;
  std::vector<double>& d_;
  std::vector<double>& e_;
  const int64_t size_;
  Rotations left_, right_;
  double negligible_ = 0;
};

/// A power of two near the largest entry, so that no square overflows.
double ScaleOf(const double* a, int64_t count) {
  double largest = 0;
  for (int64_t i = 0; i < count; ++i) largest = std::max(largest, std::abs(a[i]));
  return largest == 0 ? 1 : std::ldexp(1.0, std::max(-1000, std::ilogb(largest)));
}

/// A column of the factors, and the sign of its singular value.
struct Place {
  int64_t column;
  double sign;
};

/// to [columns, rows] gets the columns of `from` [rows, columns] as rows.
void CopyTransposed(Workers& workers, const std::vector<double>& from, int64_t rows,
                    const std::vector<Place>& places, double* to) {
  const auto columns = static_cast<int64_t>(places.size());
  workers.ParallelFor(columns, 16, [&](int64_t begin, int64_t end) {
    for (int64_t i = 0; i < rows; ++i) {
      for (int64_t j = begin; j < end; ++j)
        to[j * rows + i] = places[j].sign * from[i * columns + places[j].column];
    }
  });
}

/// to [rows, columns] gets the columns of `from` in another order.
void CopyColumns(Workers& workers, const std::vector<double>& from, int64_t rows,
                 const std::vector<Place>& places, double* to) {
  const auto columns = static_cast<int64_t>(places.size());
  workers.ParallelFor(rows, 16, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      for (int64_t j = 0; j < columns; ++j)
        to[i * columns + j] = places[j].sign * from[i * columns + places[j].column];
    }
  });
}

}  // namespace

void SingularValues(Workers& workers, const double* a, int64_t rows, int64_t columns,
                    const SvdResult& result) {
  const bool is_wide = rows < columns;
  const int64_t height = std::max(rows, columns), width = std::min(rows, columns);
  if (width == 0) return;
  const double scale = ScaleOf(a, rows * columns);
  std::vector<double> copy(static_cast<size_t>(rows * columns));
  for (int64_t i = 0; i < height; ++i) {
    for (int64_t j = 0; j < width; ++j)
      copy[i * width + j] = (is_wide ? a[j * height + i] : a[i * width + j]) / scale;
  }
  Bidiagonal matrix = Bidiagonalize(workers, std::move(copy), height, width);
  Diagonalization(workers, matrix, height, width).Run();
  std::vector<Place> places(static_cast<size_t>(width));
  std::vector<int64_t> order(places.size());
  std::iota(order.begin(), order.end(), int64_t{0});
  const std::vector<double>& values = matrix.diagonal;
  std::stable_sort(order.begin(), order.end(),
                   [&](int64_t i, int64_t j) { return std::abs(values[i]) > std::abs(values[j]); });
  for (int64_t i = 0; i < width; ++i) {
    result.s[i] = std::abs(values[order[i]]) * scale;
    places[i] = {order[i], 1};
  }
  // The sign goes to P, on whichever side that is.
  std::vector<Place> signed_places = places;
  for (Place& place : signed_places) place.sign = values[place.column] < 0 ? -1 : 1;
  if (is_wide) {
    CopyColumns(workers, matrix.p, width, signed_places, result.u);
    CopyTransposed(workers, matrix.q, height, places, result.vt);
  } else {
    CopyColumns(workers, matrix.q, height, places, result.u);
    CopyTransposed(workers, matrix.p, width, signed_places, result.vt);
  }
}

}  // namespace trtn::numerics
