// SPDX-License-Identifier: Apache-2.0
#include "numerics/matrices/bidiagonal.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "numerics/matrices/matrix_product.h"
#include "numerics/matrices/simd.h"

namespace trtn::numerics {
namespace {

constexpr int64_t kPanel = 32;
/// Columns of the corrections of one panel: a pair for each of its columns.
constexpr int64_t kPairs = 2 * kPanel;
/// Elements of A that are worth a thread.
constexpr int64_t kGrain = 32768;

int64_t GrainOf(int64_t elements_each) {
  return std::max<int64_t>(1, kGrain / std::max<int64_t>(1, elements_each));
}

/// y += sum of scales[i] * row i, for `count` elements of 4 rows.
TRTN_SIMD_CLONES void AddFourRows(double* TRTN_RESTRICT y, const double* TRTN_RESTRICT rows, int64_t step,
                                  const double* TRTN_RESTRICT scales, int64_t count) {
  const double *r0 = rows, *r1 = rows + step, *r2 = rows + 2 * step, *r3 = rows + 3 * step;
  const double s0 = scales[0], s1 = scales[1], s2 = scales[2], s3 = scales[3];
  for (int64_t j = 0; j < count; ++j) y[j] += (s0 * r0[j] + s1 * r1[j]) + (s2 * r2[j] + s3 * r3[j]);
}

TRTN_SIMD_CLONES void AddRow(double* TRTN_RESTRICT y, const double* TRTN_RESTRICT row, double scale,
                             int64_t count) {
  for (int64_t j = 0; j < count; ++j) y[j] += scale * row[j];
}

/// y += A^T x over `rows` rows of `count` elements.
void AddRows(double* y, const double* a, int64_t step, const double* x, int64_t rows, int64_t count) {
  int64_t i = 0;
  for (; i + 4 <= rows; i += 4) AddFourRows(y, a + i * step, step, x + i, count);
  for (; i < rows; ++i) AddRow(y, a + i * step, x[i], count);
}

TRTN_SIMD_CLONES void Dot(const double* TRTN_RESTRICT x, const double* TRTN_RESTRICT y, int64_t count,
                          double* TRTN_RESTRICT result) {
  Four sums[4] = {};
  int64_t i = 0;
  for (; i + 4 * kLanes <= count; i += 4 * kLanes) {
#pragma GCC unroll 4
    for (int part = 0; part < 4; ++part) {
      sums[part] += *reinterpret_cast<const Four*>(x + i + part * kLanes) *
                    *reinterpret_cast<const Four*>(y + i + part * kLanes);
    }
  }
  const Four all = (sums[0] + sums[1]) + (sums[2] + sums[3]);
  double sum = (all[0] + all[1]) + (all[2] + all[3]);
  for (; i < count; ++i) sum += x[i] * y[i];
  *result = sum;
}

double DotOf(const double* x, const double* y, int64_t count) {
  double result;
  Dot(x, y, count, &result);
  return result;
}

/// Makes of x the vector v, v[0] = 1, of the reflection I - tau v v^T that leaves of x only its first
/// element, which becomes `value`.
struct Reflection {
  double tau, value;
};

Reflection MakeReflection(double* x, int64_t count) {
  const double below = DotOf(x + 1, x + 1, count - 1), first = x[0];
  x[0] = 1;
  if (below == 0) return {0, first};
  const double norm = std::sqrt(first * first + below);
  const double value = first > 0 ? -norm : norm;
  for (int64_t i = 1; i < count; ++i) x[i] /= first - value;
  return {(value - first) / value, value};
}

/// Reduces A in its place. Below the diagonal it keeps the reflections of Q, right of the diagonal's
/// neighbour those of P.
class Reduction {
 public:
  Reduction(Workers& workers, std::vector<double> a, int64_t rows, int64_t columns)
      : workers_(workers),
        a_(std::move(a)),
        rows_(rows),
        columns_(columns),
        left_(static_cast<size_t>(rows * kPairs)),
        right_(static_cast<size_t>(columns * kPairs)),
        v_(static_cast<size_t>(rows)),
        u_(static_cast<size_t>(columns)),
        tau_q_(static_cast<size_t>(columns)),
        tau_p_(static_cast<size_t>(columns)) {}

  Bidiagonal Run() {
    result_.diagonal.resize(static_cast<size_t>(columns_));
    result_.upper.resize(static_cast<size_t>(std::max<int64_t>(columns_ - 1, 0)));
    for (int64_t first = 0; first < columns_; first += kPanel)
      ReducePanel(first, std::min(kPanel, columns_ - first));
    left_ = {};
    right_ = {};
    MakeQ();
    MakeP();
    return std::move(result_);
  }

 private:
  double* Row(int64_t i) { return a_.data() + i * columns_; }

  /// What is left of A after the panel's first reflections is A - L R^T, not yet computed: the columns of L
  /// and R are, for each pair of reflections, its v and what goes with it, and what goes with its u and u.
  void ReducePanel(int64_t first, int64_t width) {
    for (int64_t i = 0; i < width; ++i) {
      ReduceColumn(first + i, 2 * i);
      if (first + i + 1 < columns_) ReduceRow(first + i, 2 * i + 1);
    }
    const int64_t next = first + width;
    const Strided<double> l{left_.data() + next * kPairs, kPairs, 1},
        r{right_.data() + next * kPairs, kPairs, 1};
    AddProduct(workers_, {rows_ - next, 2 * width, columns_ - next}, -1, l, r.Transposed(),
               a_.data() + next * columns_ + next, columns_);
  }

  void ReduceColumn(int64_t j, int64_t known) {
    const int64_t rows = rows_ - j, columns = columns_ - j - 1;
    double *left = left_.data() + j * kPairs, *right = right_.data() + j * kPairs;
    for (int64_t i = 0; i < rows; ++i) v_[i] = Row(j + i)[j] - DotOf(left + i * kPairs, right, known);
    const Reflection reflection = MakeReflection(v_.data(), rows);
    result_.diagonal[j] = reflection.value;
    tau_q_[j] = reflection.tau;
    std::vector<double> sums(static_cast<size_t>(known));
    AddRows(sums.data(), left, kPairs, v_.data(), rows, known);
    for (int64_t i = 0; i < rows; ++i) left[i * kPairs + known] = v_[i];
    workers_.ParallelFor(columns, std::max<int64_t>(64, GrainOf(rows)), [&](int64_t begin, int64_t end) {
      std::vector<double> y(static_cast<size_t>(end - begin));
      AddRows(y.data(), Row(j) + j + 1 + begin, columns_, v_.data(), rows, end - begin);
      for (int64_t c = begin; c < end; ++c) {
        double* pair = right + (c + 1) * kPairs;
        pair[known] = reflection.tau * (y[c - begin] - DotOf(pair, sums.data(), known));
      }
    });
    for (int64_t i = 1; i < rows; ++i) Row(j + i)[j] = v_[i];
  }

  void ReduceRow(int64_t j, int64_t known) {
    const int64_t rows = rows_ - j - 1, columns = columns_ - j - 1;
    double *left = left_.data() + j * kPairs, *right = right_.data() + (j + 1) * kPairs;
    double* row = Row(j) + j + 1;
    for (int64_t c = 0; c < columns; ++c) u_[c] = row[c] - DotOf(right + c * kPairs, left, known);
    const Reflection reflection = MakeReflection(u_.data(), columns);
    result_.upper[j] = reflection.value;
    tau_p_[j] = reflection.tau;
    std::vector<double> sums(static_cast<size_t>(known));
    AddRows(sums.data(), right, kPairs, u_.data(), columns, known);
    for (int64_t c = 0; c < columns; ++c) right[c * kPairs + known] = u_[c];
    workers_.ParallelFor(rows, GrainOf(columns), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        double* pair = left + (i + 1) * kPairs;
        const double x = DotOf(Row(j + 1 + i) + j + 1, u_.data(), columns);
        pair[known] = reflection.tau * (x - DotOf(pair, sums.data(), known));
      }
    });
    std::copy(u_.begin() + 1, u_.begin() + columns, row + 1);
  }

  void MakeQ() {
    result_.q.assign(static_cast<size_t>(rows_ * columns_), 0);
    const auto vector_entry = [&](int64_t row, int64_t column) { return Row(row)[column]; };
    Apply(result_.q, rows_, 0, tau_q_, vector_entry);
  }

  void MakeP() {
    result_.p.assign(static_cast<size_t>(columns_ * columns_), 0);
    const auto vector_entry = [&](int64_t row, int64_t column) { return Row(column)[row]; };
    Apply(result_.p, columns_, 1, tau_p_, vector_entry);
    a_ = {};
  }

  /// Makes of a matrix of zeros the product of the reflections, whose vectors begin `offset` below the
  /// diagonal, the last block of them first: I - V T V^T, with the upper triangular T of Schreiber and Van
  /// Loan (1989).
  template <class Entry>
  void Apply(std::vector<double>& q, int64_t rows, int64_t offset, const std::vector<double>& taus,
             const Entry& entry) {
    for (int64_t i = 0; i < columns_; ++i) q[i * columns_ + i] = 1;
    const int64_t count = columns_ - offset;
    for (int64_t first = (count - 1) / kPanel * kPanel; count > 0 && first >= 0; first -= kPanel) {
      const int64_t width = std::min(kPanel, count - first), top = first + offset, height = rows - top;
      std::vector<double> v(static_cast<size_t>(height * width));
      for (int64_t i = 0; i < height; ++i) {
        for (int64_t k = 0; k < std::min(i + 1, width); ++k)
          v[i * width + k] = i == k ? 1 : entry(top + i, first + k);
      }
      ApplyBlock(v, width, taus.data() + first, q, top);
    }
  }

  /// Q <- (I - V T V^T) Q for the lower right part of Q from row and column `top` on.
  void ApplyBlock(const std::vector<double>& v, int64_t width, const double* taus, std::vector<double>& q,
                  int64_t top) {
    const int64_t height = static_cast<int64_t>(v.size()) / width, columns = columns_ - top;
    const Strided<double> block{v.data(), width, 1};
    std::vector<double> inner(static_cast<size_t>(width * width)), t(inner.size());
    AddProduct(workers_, {width, height, width}, 1, block.Transposed(), block, inner.data(), width);
    for (int64_t k = 0; k < width; ++k) {
      t[k * width + k] = taus[k];
      for (int64_t i = 0; i < k; ++i) {
        double sum = 0;
        for (int64_t m = i; m < k; ++m) sum += t[i * width + m] * inner[m * width + k];
        t[i * width + k] = -taus[k] * sum;
      }
    }
    double* part = q.data() + top * columns_ + top;
    std::vector<double> products(static_cast<size_t>(width * columns)), scaled(products.size());
    AddProduct(workers_, {width, height, columns}, 1, block.Transposed(), {part, columns_, 1},
               products.data(), columns);
    AddProduct(workers_, {width, width, columns}, 1, {t.data(), width, 1}, {products.data(), columns, 1},
               scaled.data(), columns);
    AddProduct(workers_, {height, width, columns}, -1, block, {scaled.data(), columns, 1}, part, columns_);
  }

  Workers& workers_;
  std::vector<double> a_;
  const int64_t rows_, columns_;
  std::vector<double> left_, right_, v_, u_, tau_q_, tau_p_;
  Bidiagonal result_;
};

}  // namespace

Bidiagonal Bidiagonalize(Workers& workers, std::vector<double> a, int64_t rows, int64_t columns) {
  return Reduction(workers, std::move(a), rows, columns).Run();
}

}  // namespace trtn::numerics
