// SPDX-License-Identifier: Apache-2.0
#include "ops/image/resample.h"

#include <algorithm>
#include <cmath>

namespace trtn::ops {

namespace resample {

/// Weights of the pixels from `first` on, all within the request's.
struct Taps {
  int32_t first = 0;
  std::vector<double> weights;
};

/// Keys' cubic convolution.
double Cubic(double x, double a) {
  x = std::fabs(x);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}

double Triangle(double x) { return std::max(0.0, 1 - std::fabs(x)); }

/// Where output i is sampled, in pixels whose centres are whole numbers.
double PositionOf(const ResampleRequest& of, int32_t i) {
  switch (of.coordinates) {
    case ResampleCoordinates::kHalfPixel:
      return of.origin + (2.0 * i + 1) * of.length / (2.0 * of.outputs) - 0.5;
    case ResampleCoordinates::kAlignCorners:
      return of.outputs == 1 ? of.origin : of.origin + i * (of.length - 1) / (of.outputs - 1.0);
    default:
      return of.origin + i * of.length / of.outputs;
  }
}

/// Pixels per output.
double StepOf(const ResampleRequest& of) {
  if (of.coordinates != ResampleCoordinates::kAlignCorners) return of.length / of.outputs;
  return of.outputs == 1 ? 1 : (of.length - 1) / (of.outputs - 1.0);
}

Taps Nearest(const ResampleRequest& of, int32_t i) {
  // Not PositionOf() + 0.5: halves would round twice.
  const double edge = of.coordinates == ResampleCoordinates::kHalfPixel
                          ? of.origin + (2.0 * i + 1) * of.length / (2.0 * of.outputs)
                          : PositionOf(of, i);
  const bool is_align = of.coordinates == ResampleCoordinates::kAlignCorners;
  const double pixel = std::floor(is_align ? edge + 0.5 : edge);
  return {static_cast<int32_t>(std::clamp<double>(pixel, of.low, of.high - 1)), {1.0}};
}

/// Two or four pixels around the position; beyond the edge its pixel is repeated.
Taps Interpolate(const ResampleRequest& of, int32_t i) {
  const double position = PositionOf(of, i);
  const double floor = std::floor(position), fraction = position - floor;
  const int32_t reach = of.filter == ResampleFilter::kBicubic ? 2 : 1;
  const int32_t first = static_cast<int32_t>(floor) - reach + 1;
  const auto inside = [&](int32_t pixel) { return std::clamp(pixel, of.low, of.high - 1); };
  Taps taps;
  taps.first = inside(first);
  taps.weights.resize(static_cast<size_t>(inside(first + 2 * reach - 1) - taps.first) + 1);
  for (int32_t k = 0; k < 2 * reach; ++k) {
    const double distance = fraction - (k - reach + 1);
    const double weight = reach == 2 ? Cubic(distance, -0.75) : Triangle(distance);
    taps.weights[static_cast<size_t>(inside(first + k) - taps.first)] += weight;
  }
  return taps;
}

/// The filter over as many pixels as an output covers; beyond the edge there is nothing.
Taps Antialias(const ResampleRequest& of, int32_t i) {
  const double grow = std::max(1.0, StepOf(of));
  const double support = grow * (of.filter == ResampleFilter::kBicubic ? 2 : 1);
  const double center = PositionOf(of, i) + 0.5;
  const double low = std::clamp<double>(std::floor(center - support + 0.5), of.low, of.high - 1);
  const double high = std::clamp<double>(std::floor(center + support + 0.5), low + 1, of.high);
  Taps taps;
  taps.first = static_cast<int32_t>(low);
  double sum = 0;
  for (double pixel = low; pixel < high; ++pixel) {
    const double distance = (pixel - center + 0.5) / grow;
    taps.weights.push_back(of.filter == ResampleFilter::kBicubic ? Cubic(distance, -0.5)
                                                                 : Triangle(distance));
    sum += taps.weights.back();
  }
  for (double& weight : taps.weights) weight = sum != 0 ? weight / sum : 1.0 / taps.weights.size();
  return taps;
}

/// Each pixel by how much of the output it covers.
Taps Area(const ResampleRequest& of, int32_t i) {
  const double begin = std::max<double>(of.origin + i * of.length / of.outputs, of.low);
  const double end = std::min<double>(of.origin + (i + 1.0) * of.length / of.outputs, of.high);
  Taps taps;
  taps.first = std::min(static_cast<int32_t>(std::floor(begin)), of.high - 1);
  double sum = 0;
  for (double pixel = taps.first; pixel < end; ++pixel) {
    taps.weights.push_back(std::max(0.0, std::min(end, pixel + 1) - std::max(begin, pixel)));
    sum += taps.weights.back();
  }
  if (!(sum > 0)) return {taps.first, {1.0}};
  for (double& weight : taps.weights) weight /= sum;
  return taps;
}

Taps TapsOf(const ResampleRequest& of, int32_t i) {
  if (of.filter == ResampleFilter::kNearest) return Nearest(of, i);
  if (of.filter == ResampleFilter::kArea) return Area(of, i);
  return of.antialias ? Antialias(of, i) : Interpolate(of, i);
}

/// Without the zeros at both ends: a step of 3 pixels has the bilinear filter hit every third one and nothing
/// else.
void Trim(Taps& taps) {
  // Below what a float32 next to 1 can tell, and above the error of the positions.
  const auto is_nothing = [](double weight) { return std::fabs(weight) < 1e-9; };
  size_t begin = 0, end = taps.weights.size();
  while (end - begin > 1 && is_nothing(taps.weights[end - 1])) --end;
  while (end - begin > 1 && is_nothing(taps.weights[begin])) ++begin;
  taps.weights.assign(taps.weights.begin() + static_cast<std::ptrdiff_t>(begin),
                      taps.weights.begin() + static_cast<std::ptrdiff_t>(end));
  taps.first += static_cast<int32_t>(begin);
}

/// Gives back what Trim() took from the front where the next output begins further to the left: a bicubic
/// filter at a pixel's centre is that pixel, and a third of a pixel further it begins one before. Who reads
/// all pixels of a row counts on the first output's coming first.
void KeepOrder(std::vector<Taps>& all) {
  for (size_t i = all.size(); i-- > 1;) {
    Taps& taps = all[i - 1];
    if (taps.first <= all[i].first) continue;
    taps.weights.insert(taps.weights.begin(), static_cast<size_t>(taps.first - all[i].first), 0.0);
    taps.first = all[i].first;
  }
}

}  // namespace resample

ResampleAxis MakeResampleAxis(const ResampleRequest& request) {
  std::vector<resample::Taps> all;
  ResampleAxis axis;
  for (int32_t i = 0; i < request.outputs; ++i) {
    all.push_back(resample::TapsOf(request, i));
    resample::Trim(all.back());
  }
  resample::KeepOrder(all);
  for (const resample::Taps& taps : all)
    axis.taps = std::max(axis.taps, static_cast<int32_t>(taps.weights.size()));
  axis.first.resize(all.size());
  axis.weights.resize(all.size() * static_cast<size_t>(axis.taps));
  for (size_t i = 0; i < all.size(); ++i) {
    // Zeros before the pixels rather than pixels behind the last one.
    axis.first[i] = std::min(all[i].first, request.high - axis.taps);
    const size_t zeros = static_cast<size_t>(all[i].first - axis.first[i]);
    for (size_t k = 0; k < all[i].weights.size(); ++k) {
      axis.weights[(zeros + k) * all.size() + i] = static_cast<float>(all[i].weights[k]);
    }
  }
  return axis;
}

}  // namespace trtn::ops
