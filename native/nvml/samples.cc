// SPDX-License-Identifier: Apache-2.0
#include "nvml/samples.h"

#include <cmath>
#include <limits>

namespace trtn::nvml {

void Samples::Add(const Sample& sample) {
  if (added_++ % stride_ != 0) return;
  // Of an even number of samples: the new one is due after the stride was doubled, too.
  if (kept_.size() >= capacity_) MakeRoom();
  kept_.push_back(sample);
}

void Samples::AddLast(const Sample& sample) {
  if (kept_.size() >= capacity_) MakeRoom();
  kept_.push_back(sample);
}

void Samples::MakeRoom() {
  size_t count = 0;
  for (size_t i = 0; i < kept_.size(); i += 2) kept_[count++] = kept_[i];
  kept_.resize(count);
  stride_ *= 2;
}

double EnergyMeter::ByCounter(double joules) {
  if (std::isnan(joules)) return joules;
  if (!has_first_) first_joules_ = joules;
  has_first_ = true;
  // A counter that starts anew (a driver that was reloaded) tells nothing of the time before.
  return joules >= first_joules_ ? joules - first_joules_ : std::numeric_limits<double>::quiet_NaN();
}

double EnergyMeter::ByPower(double time_ms, double watts) {
  if (std::isnan(watts)) return watts;
  if (has_first_) joules_ += (watts_ + watts) / 2 * (time_ms - time_ms_) / 1e3;
  has_first_ = true;
  time_ms_ = time_ms;
  watts_ = watts;
  return joules_;
}

}  // namespace trtn::nvml
