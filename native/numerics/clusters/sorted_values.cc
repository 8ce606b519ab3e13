// SPDX-License-Identifier: Apache-2.0
#include "numerics/clusters/sorted_values.h"

#include <algorithm>
#include <cstring>

namespace trtn::numerics {
namespace {

/// Values between two kept sums.
constexpr int64_t kSumsBlock = 64;
/// Beside the squared distances from the origin, what is smaller than this is rounding: 2^-40.
constexpr double kRounding = 0x1p-40;
/// Below this, one thread sorts.
constexpr int64_t kSortGrain = 65536;

double UnlessRounding(double error, double second) { return error > second * kRounding ? error : 0; }

/// Bits that ascend as the numbers do. -0 has those of 0.
uint32_t KeyOf(float value) {
  value += 0.0f;
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return (bits & 0x80000000u) != 0 ? ~bits : bits | 0x80000000u;
}

float ValueOf(uint32_t key) {
  const uint32_t bits = (key & 0x80000000u) != 0 ? key & 0x7fffffffu : ~key;
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

/// Sorts in place: parts that do not overlap, one after the other, are sorted side by side.
template <class Element>
void SortInPlace(ops::Workers& workers, std::vector<Element>& elements) {
  // More parts than threads: they are not of one size.
  std::vector<int64_t> borders{0, static_cast<int64_t>(elements.size())};
  while (static_cast<int>(borders.size()) <= 4 * workers.threads()) {
    size_t widest = 0;
    for (size_t i = 0; i + 1 < borders.size(); ++i) {
      if (borders[i + 1] - borders[i] > borders[widest + 1] - borders[widest]) widest = i;
    }
    const int64_t begin = borders[widest], size = borders[widest + 1] - begin;
    if (size <= kSortGrain || workers.threads() == 1) break;
    Element sample[255];
    for (int64_t i = 0; i < 255; ++i) sample[i] = elements[static_cast<size_t>(begin + size / 255 * i)];
    std::sort(sample, sample + 255);
    const auto first = elements.begin() + begin, last = first + size;
    const Element pivot = sample[127];
    const auto middle = std::partition(first, last, [pivot](Element element) { return element < pivot; });
    // Nothing is below it: most elements are alike.
    if (middle == first) break;
    borders.insert(borders.begin() + static_cast<int64_t>(widest) + 1, middle - elements.begin());
  }
  workers.ParallelFor(static_cast<int64_t>(borders.size()) - 1, 1, [&](int64_t begin, int64_t end) {
    for (int64_t part = begin; part < end; ++part)
      std::sort(elements.begin() + borders[static_cast<size_t>(part)],
                elements.begin() + borders[static_cast<size_t>(part) + 1]);
  });
}

}  // namespace

double ErrorOf(const RangeSums& sums) {
  return sums.weight > 0 ? UnlessRounding(sums.second - (sums.first * sums.first) / sums.weight, sums.second)
                         : 0;
}

double ErrorAround(const RangeSums& sums, double distance) {
  return UnlessRounding(sums.second - 2 * distance * sums.first + distance * distance * sums.weight,
                        sums.second);
}

SortedValues::SortedValues(ops::Workers& workers, const float* values, const float* weights, int64_t count) {
  const bool is_weighted =
      weights != nullptr && std::any_of(weights, weights + count, [](float w) { return w > 0; });
  if (is_weighted) {
    SortTogether(workers, values, weights, count);
  } else {
    SortAlone(workers, values, count);
  }
  anchor_ = this->count() / 2 / kSumsBlock * kSumsBlock;
  origin_ = values_[static_cast<size_t>(anchor_)];
  KeepSums();
}

void SortedValues::SortAlone(ops::Workers& workers, const float* values, int64_t count) {
  values_.resize(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) values_[static_cast<size_t>(i)] = values[i] + 0.0f;
  SortInPlace(workers, values_);
}

void SortedValues::SortTogether(ops::Workers& workers, const float* values, const float* weights,
                                int64_t count) {
  // The position in the lower half: equal values stay in their order, and their weights are found again.
  std::vector<uint64_t> keys;
  keys.reserve(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) {
    if (weights[i] > 0) keys.push_back(uint64_t{KeyOf(values[i])} << 32 | static_cast<uint64_t>(i));
  }
  SortInPlace(workers, keys);
  weights_.resize(keys.size());
  for (size_t i = 0; i < keys.size(); ++i) weights_[i] = weights[keys[i] & 0xffffffffu];
  values_.resize(keys.size());
  for (size_t i = 0; i < keys.size(); ++i) values_[i] = ValueOf(static_cast<uint32_t>(keys[i] >> 32));
}

void SortedValues::KeepSums() {
  kept_.resize(static_cast<size_t>((count() + kSumsBlock - 1) / kSumsBlock));
  RangeSums up, down;
  for (int64_t i = anchor_; i < count(); ++i) {
    if (i % kSumsBlock == 0) kept_[static_cast<size_t>(i / kSumsBlock)] = up;
    AddTo(up, i, 1);
  }
  for (int64_t i = anchor_ - 1; i >= 0; --i) {
    if (i % kSumsBlock == kSumsBlock - 1) kept_[static_cast<size_t>(i / kSumsBlock)] = down;
    AddTo(down, i, -1);
  }
}

void SortedValues::AddTo(RangeSums& sums, int64_t index, double sign) const {
  const double distance = values_[static_cast<size_t>(index)] - origin_;
  const double weight = weights_.empty() ? sign : sign * weights_[static_cast<size_t>(index)];
  sums.weight += weight;
  sums.first += weight * distance;
  sums.second += weight * distance * distance;
}

RangeSums SortedValues::SumsTo(int64_t index) const {
  const int64_t block = std::min(index / kSumsBlock, static_cast<int64_t>(kept_.size()) - 1);
  RangeSums sums = kept_[static_cast<size_t>(block)];
  const int64_t begin = block * kSumsBlock;
  if (begin >= anchor_) {
    for (int64_t i = begin; i < index; ++i) AddTo(sums, i, 1);
  } else {
    for (int64_t i = begin + kSumsBlock - 1; i >= index; --i) AddTo(sums, i, -1);
  }
  return sums;
}

RangeSums SortedValues::SumsOf(int64_t begin, int64_t end) const {
  const RangeSums low = SumsTo(begin);
  RangeSums sums = SumsTo(end);
  sums.weight -= low.weight;
  sums.first -= low.first;
  sums.second -= low.second;
  return sums;
}

int64_t SortedValues::FirstAbove(double limit, int64_t begin, int64_t end) const {
  while (begin < end) {
    const int64_t middle = (begin + end) / 2;
    if (values_[static_cast<size_t>(middle)] > limit) {
      end = middle;
    } else {
      begin = middle + 1;
    }
  }
  return begin;
}

double SortedValues::MeanOf(int64_t begin, int64_t end) const {
  const RangeSums sums = SumsOf(begin, end);
  const double lowest = values_[static_cast<size_t>(begin)], highest = values_[static_cast<size_t>(end - 1)];
  const double mean = sums.weight > 0 ? origin_ + sums.first / sums.weight : lowest;
  return std::min(std::max(mean, lowest), highest);
}

}  // namespace trtn::numerics
