// SPDX-License-Identifier: Apache-2.0
//
// A Fourier transform of any length by Stockham's method with factors 2, 3, 4, 5 and, generically, odd
// primes. Kernels compute it on floats in shared memory, the CPU twin on several frames at once, a frame a
// lane: `V` is float or a vector of floats, and every lane sees the same sums in the same order.
//
// The stage with factor r, after stages whose factors multiply to `span`, takes for each j < length / r
//   x[j + s * length / r],  s = 0 .. r - 1,
// turns x[s] by the root of unity of s * (j % span) / (span * r), transforms these r numbers, and writes
// result q to
//   (j / span) * span * r + j % span + q * span.
// Source: W. T. Cochran et al., What is the fast Fourier transform?, Proc. IEEE 55 (1967), 1664-1674
// (Stockham's form).
#pragma once

#include <stdint.h>

#include "ops/arithmetic.h"
#include "ops/prelude.h"

namespace trtn::ops::signals {

/// Inlined always: vectors as arguments have no calling convention that all processors share.
#if defined(__CUDACC__) || defined(__CUDA__)
#define TRTN_LANES __host__ __device__ inline __attribute__((always_inline))
#else
#define TRTN_LANES inline __attribute__((always_inline))
#endif

template <class V>
struct Complex {
  V re, im;
};

/// A root of unity, exp(-2 pi i t / n), computed in double and rounded once.
using Root = Complex<float>;

template <class V>
TRTN_LANES Complex<V> Turned(const Complex<V>& x, const Root& root) {
  return {x.re * root.re - x.im * root.im, x.re * root.im + x.im * root.re};
}

template <class V>
TRTN_LANES Complex<V> Sum(const Complex<V>& a, const Complex<V>& b) {
  return {a.re + b.re, a.im + b.im};
}

template <class V>
TRTN_LANES Complex<V> Difference(const Complex<V>& a, const Complex<V>& b) {
  return {a.re - b.re, a.im - b.im};
}

/// a - i b and a + i b.
template <class V>
TRTN_LANES Complex<V> MinusI(const Complex<V>& a, const Complex<V>& b) {
  return {a.re + b.im, a.im - b.re};
}
template <class V>
TRTN_LANES Complex<V> PlusI(const Complex<V>& a, const Complex<V>& b) {
  return {a.re - b.im, a.im + b.re};
}

template <class V>
TRTN_LANES Complex<V> Scaled(const Complex<V>& a, float factor) {
  return {a.re * factor, a.im * factor};
}

/// The transforms of r numbers in place.
template <class V>
TRTN_LANES void Transform2(Complex<V>* x) {
  const Complex<V> a = x[0], b = x[1];
  x[0] = Sum(a, b);
  x[1] = Difference(a, b);
}

template <class V>
TRTN_LANES void Transform3(Complex<V>* x) {
  const Complex<V> sum = Sum(x[1], x[2]);
  const Complex<V> turned = Scaled(Difference(x[1], x[2]), 0.86602540378443864676f);
  const Complex<V> middle = Difference(x[0], Scaled(sum, 0.5f));
  x[0] = Sum(x[0], sum);
  x[1] = MinusI(middle, turned);
  x[2] = PlusI(middle, turned);
}

template <class V>
TRTN_LANES void Transform4(Complex<V>* x) {
  const Complex<V> a = Sum(x[0], x[2]), b = Difference(x[0], x[2]);
  const Complex<V> c = Sum(x[1], x[3]), d = Difference(x[1], x[3]);
  x[0] = Sum(a, c);
  x[1] = MinusI(b, d);
  x[2] = Difference(a, c);
  x[3] = PlusI(b, d);
}

template <class V>
TRTN_LANES void Transform5(Complex<V>* x) {
  const float cos1 = 0.30901699437494742410f, cos2 = -0.80901699437494742410f;
  const float sin1 = 0.95105651629515357212f, sin2 = 0.58778525229247312917f;
  const Complex<V> a = Sum(x[1], x[4]), b = Sum(x[2], x[3]);
  const Complex<V> c = Difference(x[1], x[4]), d = Difference(x[2], x[3]);
  const Complex<V> even1 = Sum(x[0], Sum(Scaled(a, cos1), Scaled(b, cos2)));
  const Complex<V> even2 = Sum(x[0], Sum(Scaled(a, cos2), Scaled(b, cos1)));
  const Complex<V> odd1 = Sum(Scaled(c, sin1), Scaled(d, sin2));
  const Complex<V> odd2 = Difference(Scaled(c, sin2), Scaled(d, sin1));
  x[0] = Sum(x[0], Sum(a, b));
  x[1] = MinusI(even1, odd1);
  x[2] = MinusI(even2, odd2);
  x[3] = PlusI(even2, odd2);
  x[4] = PlusI(even1, odd1);
}

template <int kFactor, class V>
TRTN_LANES void TransformOf(Complex<V>* x) {
  if constexpr (kFactor == 2) Transform2(x);
  if constexpr (kFactor == 3) Transform3(x);
  if constexpr (kFactor == 4) Transform4(x);
  if constexpr (kFactor == 5) Transform5(x);
}

/// One stage: the `length` roots are every `root_step`-th of `roots`.
struct Stage {
  const Root* roots;
  int32_t length, factor, span, root_step;

  TRTN_HD int32_t Butterflies() const { return length / factor; }
  /// Where result 0 of butterfly j goes; result q goes q * span further.
  TRTN_HD int32_t Target(int32_t j) const { return (j / span) * span * factor + j % span; }
};

/// Reads the inputs of butterfly j and transforms them.
template <int kFactor, class V>
TRTN_LANES void Butterfly(const Stage& stage, const Complex<V>* from, int32_t j, Complex<V>* x) {
  const int32_t apart = stage.length / kFactor;
  const int32_t step = j % stage.span * (apart / stage.span) * stage.root_step;
  x[0] = from[j];
  for (int s = 1; s < kFactor; ++s) {
    x[s] = from[j + s * apart];
    if (stage.span > 1) x[s] = Turned(x[s], stage.roots[s * step]);
  }
  TransformOf<kFactor>(x);
}

/// Result q of butterfly j for any factor: a plain sum, in order of s.
template <class V>
TRTN_LANES Complex<V> SlowResult(const Stage& stage, const Complex<V>* from, int32_t j, int32_t q) {
  const int32_t apart = stage.length / stage.factor;
  const int32_t step = j % stage.span * (apart / stage.span) + q * apart;
  int32_t turn = 0;
  Complex<V> sum = from[j];
  for (int32_t s = 1; s < stage.factor; ++s) {
    turn += step;
    if (turn >= stage.length) turn -= stage.length;
    sum = Sum(sum, Turned(from[j + s * apart], stage.roots[turn * stage.root_step]));
  }
  return sum;
}

/// Frequencies k and length - k of 2 * length real numbers, from the transform of the complex numbers whose
/// real parts are those with even index: `low` and `high` are its results k and length - k (0 for k = 0),
/// `root` is exp(-2 pi i k / (2 * length)).
template <class V>
TRTN_LANES void SplitReal(Complex<V>* low, Complex<V>* high, const Root& root) {
  const Complex<V> a = *low, b = *high;
  const V even_re = 0.5f * (a.re + b.re), even_im = 0.5f * (a.im - b.im);
  const V odd_re = 0.5f * (a.im + b.im), odd_im = 0.5f * (b.re - a.re);
  const V turned_re = odd_re * root.re - odd_im * root.im;
  const V turned_im = odd_re * root.im + odd_im * root.re;
  *low = {even_re + turned_re, even_im + turned_im};
  *high = {even_re - turned_re, turned_im - even_im};
}

}  // namespace trtn::ops::signals
