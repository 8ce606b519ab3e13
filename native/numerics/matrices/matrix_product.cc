// SPDX-License-Identifier: Apache-2.0
//
// As in Goto and van de Geijn, "Anatomy of high-performance matrix multiplication" (2008): a block of A that
// stays in the second cache, a panel of B that stays in the third, both copied in the order in which tiles of
// C need them.
#include "numerics/matrices/matrix_product.h"

#include <algorithm>

#include "numerics/matrices/simd.h"

namespace trtn::numerics {
namespace {

// A tile of C in registers: 12 vectors of sums, 2 of B and 1 of A.
constexpr int64_t kTileRows = 6;
constexpr int64_t kTileColumns = 2 * kLanes;
constexpr int64_t kTile = kTileRows * kTileColumns;
// Of doubles: 192 KB of A, 4 MB of B.
constexpr int64_t kBlockRows = 96;
constexpr int64_t kBlockInner = 256;
constexpr int64_t kBlockColumns = 2048;

int64_t RoundUp(int64_t value, int64_t step) { return (value + step - 1) / step * step; }

/// `out` = the product of two packed strips, rows of kTileColumns.
TRTN_SIMD_CLONES void MultiplyTile(int64_t inner, const double* TRTN_RESTRICT a,
                                   const double* TRTN_RESTRICT b, double* TRTN_RESTRICT out) {
  Four sums[kTileRows][2] = {};
  for (int64_t k = 0; k < inner; ++k) {
    const Four left = *reinterpret_cast<const Four*>(b);
    const Four right = *reinterpret_cast<const Four*>(b + kLanes);
#pragma GCC unroll 6
    for (int i = 0; i < kTileRows; ++i) {
      sums[i][0] += a[i] * left;
      sums[i][1] += a[i] * right;
    }
    a += kTileRows;
    b += kTileColumns;
  }
#pragma GCC unroll 6
  for (int i = 0; i < kTileRows; ++i) {
    *reinterpret_cast<Four*>(out + i * kTileColumns) = sums[i][0];
    *reinterpret_cast<Four*>(out + i * kTileColumns + kLanes) = sums[i][1];
  }
}

/// Strips of `width` rows of a matrix, each with its elements column by column; rows beyond the last are 0.
template <class Element>
void PackStrips(Strided<Element> from, int64_t rows, int64_t inner, int64_t width, double* to) {
  for (int64_t first = 0; first < rows; first += width) {
    const int64_t filled = std::min(width, rows - first);
    for (int64_t i = 0; i < width; ++i) {
      const Element* source = from.data + (first + std::min(i, filled - 1)) * from.row_step;
      if (i >= filled) {
        for (int64_t k = 0; k < inner; ++k) to[k * width + i] = 0;
      } else {
        for (int64_t k = 0; k < inner; ++k)
          to[k * width + i] = static_cast<double>(source[k * from.column_step]);
      }
    }
    to += width * inner;
  }
}

/// The same where the elements of a column are side by side in memory: reads along the memory.
template <class Element>
void PackStripsAlong(Strided<Element> from, int64_t rows, int64_t inner, int64_t width, double* to) {
  for (int64_t k = 0; k < inner; ++k) {
    const Element* source = from.data + k * from.column_step;
    for (int64_t first = 0; first < rows; first += width) {
      double* target = to + first * inner + k * width;
      const int64_t filled = std::min(width, rows - first);
      for (int64_t i = 0; i < filled; ++i) target[i] = static_cast<double>(source[first + i]);
      for (int64_t i = filled; i < width; ++i) target[i] = 0;
    }
  }
}

template <class Element>
void Pack(Strided<Element> from, int64_t rows, int64_t inner, int64_t width, double* to) {
  if (from.row_step == 1) return PackStripsAlong(from, rows, inner, width, to);
  PackStrips(from, rows, inner, width, to);
}

/// Where C is, and which part of it is wanted. Positions are those of the whole matrix.
struct Target {
  double* c;
  int64_t step;
  double scale;
  Part part;
  bool Wants(int64_t row, int64_t rows, int64_t column, int64_t columns) const {
    if (part == Part::kUpper) return column + columns > row;
    if (part == Part::kLower) return row + rows > column;
    return true;
  }
  void Add(const double* tile, int64_t row, int64_t rows, int64_t column, int64_t columns) const {
    for (int64_t i = 0; i < rows; ++i) {
      double* to = c + (row + i) * step + column;
      for (int64_t j = 0; j < columns; ++j) to[j] += scale * tile[i * kTileColumns + j];
    }
  }
};

/// The tiles of one block of A and one panel of B.
struct Block {
  const double* a;
  const double* b;
  int64_t row, rows, column, columns, inner;
};

void MultiplyBlock(const Block& block, const Target& target) {
  double tile[kTile];
  for (int64_t j = 0; j < block.columns; j += kTileColumns) {
    const int64_t columns = std::min(kTileColumns, block.columns - j);
    for (int64_t i = 0; i < block.rows; i += kTileRows) {
      const int64_t rows = std::min(kTileRows, block.rows - i);
      if (!target.Wants(block.row + i, rows, block.column + j, columns)) continue;
      MultiplyTile(block.inner, block.a + i * block.inner, block.b + j * block.inner, tile);
      target.Add(tile, block.row + i, rows, block.column + j, columns);
    }
  }
}

template <class Element>
void AddProductOf(Workers& workers, ProductSize size, Strided<Element> a, Strided<Element> b,
                  const Target& target) {
  const int64_t panel_columns = std::min(kBlockColumns, RoundUp(size.columns, kTileColumns));
  LineAligned panel(panel_columns * std::min(kBlockInner, size.inner));
  for (int64_t column = 0; column < size.columns; column += kBlockColumns) {
    const int64_t columns = std::min(kBlockColumns, size.columns - column);
    for (int64_t k = 0; k < size.inner; k += kBlockInner) {
      const int64_t inner = std::min(kBlockInner, size.inner - k);
      const int64_t strips = (columns + kTileColumns - 1) / kTileColumns;
      workers.ParallelFor(strips, 16, [&](int64_t begin, int64_t end) {
        const int64_t first = begin * kTileColumns;
        Pack(b.At(k, column + first).Transposed(), std::min(end * kTileColumns, columns) - first, inner,
             kTileColumns, panel.data() + first * inner);
      });
      // Blocks of fewer rows where there are few, so that every thread has some.
      const int64_t share =
          RoundUp((size.rows + workers.threads() * 2 - 1) / (workers.threads() * 2), kTileRows);
      const int64_t block_rows = std::min(kBlockRows, share);
      workers.ParallelFor((size.rows + block_rows - 1) / block_rows, 1, [&](int64_t begin, int64_t end) {
        LineAligned packed(block_rows * inner);
        for (int64_t row = begin * block_rows; row < std::min(end * block_rows, size.rows);
             row += block_rows) {
          const int64_t rows = std::min(block_rows, size.rows - row);
          if (!target.Wants(row, rows, column, columns)) continue;
          Pack(a.At(row, k), rows, inner, kTileRows, packed.data());
          MultiplyBlock({packed.data(), panel.data(), row, rows, column, columns, inner}, target);
        }
      });
    }
  }
}

}  // namespace

void AddProduct(Workers& workers, ProductSize size, double scale, Strided<double> a, Strided<double> b,
                double* c, int64_t c_step, Part part) {
  if (size.rows == 0 || size.inner == 0 || size.columns == 0) return;
  AddProductOf(workers, size, a, b, Target{c, c_step, scale, part});
}

void AddProduct(Workers& workers, ProductSize size, double scale, Strided<float> a, Strided<float> b,
                double* c, int64_t c_step, Part part) {
  if (size.rows == 0 || size.inner == 0 || size.columns == 0) return;
  AddProductOf(workers, size, a, b, Target{c, c_step, scale, part});
}

void AddGram(Workers& workers, double* gram, const float* samples, int64_t count, int64_t size) {
  const Strided<float> x{samples, size, 1};
  AddProduct(workers, {size, count, size}, 1, x.Transposed(), x, gram, size, Part::kUpper);
  workers.ParallelFor(size, 64, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      for (int64_t j = 0; j < i; ++j) gram[i * size + j] = gram[j * size + i];
    }
  });
}

}  // namespace trtn::numerics
