// SPDX-License-Identifier: Apache-2.0
#include "cast.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <stdexcept>

namespace standin {

namespace {

float FromHalf(uint16_t half) {
  const int exponent = half >> 10 & 0x1f;
  const int fraction = half & 0x3ff;
  float size = 0;
  if (exponent == 0x1f)
    size = fraction ? NAN : INFINITY;
  else if (exponent == 0)
    size = std::ldexp(static_cast<float>(fraction), -24);
  else
    size = std::ldexp(static_cast<float>(1024 + fraction), exponent - 25);
  return half & 0x8000 ? -size : size;
}

// Rounded to nearest even, which is what std::nearbyint() does where nobody changed the mode.
uint16_t ToHalf(float value) {
  const auto sign = static_cast<uint16_t>(std::signbit(value) ? 0x8000 : 0);
  const float size = std::fabs(value);
  if (std::isnan(size)) return static_cast<uint16_t>(sign | 0x7e00);
  if (size >= 65520) return static_cast<uint16_t>(sign | 0x7c00);
  // Below 2^-14 all numbers are multiples of 2^-24. A carry out of the fraction goes to the exponent.
  const int exponent = size == 0 ? -14 : std::max(-14, std::ilogb(size));
  const auto units = static_cast<int>(std::nearbyint(std::ldexp(size, 10 - exponent)));
  return static_cast<uint16_t>(sign | (units + (exponent + 14) * 1024));
}

bool IsFloating(nv::DataType type) { return type == nv::DataType::kFLOAT || type == nv::DataType::kHALF; }

}  // namespace

void CheckCast(nv::DataType from, nv::DataType to) {
  if (from == to || (IsFloating(from) && IsFloating(to))) return;
  throw std::runtime_error(std::string("cast from ") + TypeName(from) + " to " + TypeName(to));
}

void RunCast(const Operand& x, const Operand& y) {
  const int64_t count = ElementCount(y.dims);
  if (x.type == y.type) {
    if (count > 0) std::memcpy(y.data, x.data, static_cast<size_t>(ByteCount(y.dims, y.type)));
  } else if (x.type == nv::DataType::kHALF) {
    const auto* in = static_cast<const uint16_t*>(x.data);
    for (int64_t i = 0; i < count; ++i) static_cast<float*>(y.data)[i] = FromHalf(in[i]);
  } else {
    const auto* in = static_cast<const float*>(x.data);
    for (int64_t i = 0; i < count; ++i) static_cast<uint16_t*>(y.data)[i] = ToHalf(in[i]);
  }
}

}  // namespace standin
