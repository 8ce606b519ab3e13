// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "nvml/gpu.h"

namespace trtn::nvml {

/// What all sensors said at one time; NaN for a sensor that did not answer.
struct Sample {
  /// Milliseconds of the steady clock.
  double time_ms = 0;
  std::array<double, kSensorCount> values{};

  double& operator[](Sensor sensor) { return values[static_cast<size_t>(sensor)]; }
  double operator[](Sensor sensor) const { return values[static_cast<size_t>(sensor)]; }
};

/// Samples in bounded memory: when full, every second one is dropped, and from then on half as many are kept.
class Samples {
 public:
  /// `capacity` is even.
  explicit Samples(size_t capacity) : capacity_(capacity) {}

  /// The next sample of an even series.
  void Add(const Sample& sample);
  /// One that is kept in any case.
  void AddLast(const Sample& sample);

  /// Every how manieth sample is kept.
  size_t stride() const { return stride_; }
  const std::vector<Sample>& kept() const { return kept_; }

 private:
  void MakeRoom();

  size_t capacity_;
  size_t stride_ = 1;
  size_t added_ = 0;
  std::vector<Sample> kept_;
};

/// Energy since the first reading, by a counter or as the integral of power over time. Takes every sample, so
/// that it is as exact after samples were dropped.
class EnergyMeter {
 public:
  /// From a counter's joules; NaN for a reading that failed.
  double ByCounter(double joules);
  /// From watts (NaN: failed), by the trapezoidal rule between those that were read.
  double ByPower(double time_ms, double watts);

 private:
  bool has_first_ = false;
  double first_joules_ = 0;
  double time_ms_ = 0;
  double watts_ = 0;
  double joules_ = 0;
};

}  // namespace trtn::nvml
