// SPDX-License-Identifier: Apache-2.0
//
// Matrices: what comes out fits together, and is the same bits on any number of threads.
// test/native/numerics.test.ts compares it with TypeScript over more shapes.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "numerics/matrices/cholesky.h"
#include "numerics/matrices/matrix_product.h"
#include "numerics/matrices/singular_values.h"
#include "ops/thread_pool.h"

namespace trtn::numerics {
namespace {

using Doubles = std::vector<double>;

Doubles RandomDoubles(int64_t count, unsigned seed) {
  std::mt19937 random(seed);
  Doubles values(static_cast<size_t>(count));
  for (double& value : values) value = static_cast<double>(random()) / 2147483648.0 - 1;
  return values;
}

Strided<double> Plain(const Doubles& values, int64_t columns) { return {values.data(), columns, 1}; }

Doubles PlainProduct(ProductSize size, Strided<double> a, Strided<double> b) {
  Doubles product(static_cast<size_t>(size.rows * size.columns));
  for (int64_t i = 0; i < size.rows; ++i) {
    for (int64_t j = 0; j < size.columns; ++j) {
      for (int64_t k = 0; k < size.inner; ++k)
        product[i * size.columns + j] += *a.At(i, k).data * *b.At(k, j).data;
    }
  }
  return product;
}

double Distance(const Doubles& a, const Doubles& b) {
  double most = a.size() == b.size() ? 0 : INFINITY;
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) most = std::max(most, std::abs(a[i] - b[i]));
  return most;
}

struct Factors {
  Doubles u, s, vt;
};

Factors Decompose(Workers& workers, const Doubles& a, int64_t rows, int64_t columns) {
  const auto count = static_cast<size_t>(std::min(rows, columns));
  Factors factors{Doubles(rows * count), Doubles(count), Doubles(count * columns)};
  SingularValues(workers, a.data(), rows, columns, {factors.u.data(), factors.s.data(), factors.vt.data()});
  return factors;
}

void ExpectFactors(const Factors& factors, const Doubles& a, int64_t rows, int64_t columns) {
  const int64_t count = std::min(rows, columns);
  Doubles scaled = factors.u;
  for (int64_t i = 0; i < rows * count; ++i) scaled[i] *= factors.s[i % count];
  const Doubles product =
      PlainProduct({rows, count, columns}, Plain(scaled, count), Plain(factors.vt, columns));
  EXPECT_LT(Distance(product, a), 1e-13 * std::max(1.0, factors.s[0]));
  Doubles identity(static_cast<size_t>(count * count));
  for (int64_t i = 0; i < count; ++i) identity[i * count + i] = 1;
  const auto u = Plain(factors.u, count), vt = Plain(factors.vt, columns);
  EXPECT_LT(Distance(PlainProduct({count, rows, count}, u.Transposed(), u), identity), 1e-13);
  EXPECT_LT(Distance(PlainProduct({count, columns, count}, vt, vt.Transposed()), identity), 1e-13);
  EXPECT_TRUE(std::is_sorted(factors.s.rbegin(), factors.s.rend()));
}

TEST(MatrixProduct, AddsTheProductStoredEitherWay) {
  ops::ThreadPool pool(3);
  ops::PoolWorkers workers(pool);
  for (const ProductSize size : {ProductSize{1, 1, 1}, {7, 300, 9}, {130, 5, 70}, {2, 3, 2100}, {5, 0, 4}}) {
    const Doubles a = RandomDoubles(size.rows * size.inner, 1),
                  b = RandomDoubles(size.inner * size.columns, 2);
    for (const Strided<double> left : {Plain(a, size.inner), Strided<double>{a.data(), 1, size.rows}}) {
      for (const Strided<double> right : {Plain(b, size.columns), Strided<double>{b.data(), 1, size.inner}}) {
        Doubles product(static_cast<size_t>(size.rows * size.columns));
        AddProduct(workers, size, -1, left, right, product.data(), size.columns);
        for (double& value : product) value = -value;
        EXPECT_LT(Distance(product, PlainProduct(size, left, right)), 1e-12);
      }
    }
  }
}

TEST(Cholesky, SolvesWithItsFactorsOnAnyNumberOfThreads) {
  for (const int64_t size : {1, 63, 64, 150}) {
    std::vector<float> samples;
    for (const double value : RandomDoubles(2 * size * size, 3)) samples.push_back(static_cast<float>(value));
    std::vector<Doubles> results;
    for (const int threads : {1, 4}) {
      ops::ThreadPool pool(threads);
      ops::PoolWorkers workers(pool);
      Doubles gram(static_cast<size_t>(size * size));
      AddGram(workers, gram.data(), samples.data(), 2 * size, size);
      Doubles l = gram, x = RandomDoubles(size * 5, 4);
      const Doubles b = x;
      ASSERT_TRUE(Cholesky(workers, l.data(), size));
      SolveTriangular(workers, l.data(), x.data(), size, 5, false);
      SolveTriangular(workers, l.data(), x.data(), size, 5, true);
      EXPECT_LT(Distance(PlainProduct({size, size, 5}, Plain(gram, size), Plain(x, 5)), b), 1e-9);
      results.push_back(x);
    }
    EXPECT_EQ(results[0], results[1]);
  }
}

TEST(Cholesky, RefusesWhatIsNotPositiveDefinite) {
  ops::InlineWorkers workers;
  for (const double pivot : {0.0, -1.0, static_cast<double>(NAN), static_cast<double>(INFINITY)}) {
    Doubles a(100 * 100);
    for (int64_t i = 0; i < 100; ++i) a[i * 101] = i == 70 ? pivot : 1;
    EXPECT_FALSE(Cholesky(workers, a.data(), 100));
  }
}

TEST(SingularValues, DecomposeOnAnyNumberOfThreads) {
  const std::pair<int64_t, int64_t> shapes[] = {{1, 1}, {1, 9}, {9, 1}, {40, 33}, {33, 90}, {150, 150}};
  for (const auto& [rows, columns] : shapes) {
    const Doubles a = RandomDoubles(rows * columns, 5);
    std::vector<Factors> results;
    for (const int threads : {1, 4}) {
      ops::ThreadPool pool(threads);
      ops::PoolWorkers workers(pool);
      results.push_back(Decompose(workers, a, rows, columns));
      ExpectFactors(results.back(), a, rows, columns);
    }
    EXPECT_EQ(results[0].u, results[1].u);
    EXPECT_EQ(results[0].s, results[1].s);
    EXPECT_EQ(results[0].vt, results[1].vt);
  }
}

TEST(SingularValues, AreZeroBeyondTheRank) {
  ops::InlineWorkers workers;
  const Doubles left = RandomDoubles(50 * 4, 6), right = RandomDoubles(4 * 40, 7);
  const Doubles a = PlainProduct({50, 4, 40}, Plain(left, 4), Plain(right, 40));
  const Factors factors = Decompose(workers, a, 50, 40);
  ExpectFactors(factors, a, 50, 40);
  EXPECT_GT(factors.s[3], 1e-3);
  EXPECT_LT(factors.s[4], 1e-13 * factors.s[0]);
  const Factors zero = Decompose(workers, Doubles(50 * 40), 50, 40);
  ExpectFactors(zero, Doubles(50 * 40), 50, 40);
}

}  // namespace
}  // namespace trtn::numerics
