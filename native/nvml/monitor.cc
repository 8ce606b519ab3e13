// SPDX-License-Identifier: Apache-2.0
#include "nvml/monitor.h"

#include <limits>
#include <utility>

#include "core/steady_clock.h"

namespace trtn::nvml {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

}  // namespace

Monitor::Monitor(const MonitorRequest& request)
    : interval_(request.interval),
      gpu_(std::make_unique<const Gpu>(Library::Open(request.library), request.uuid, request.pci_bus_id)),
      samples_(request.capacity) {
  name_ = gpu_->name();
  driver_ = gpu_->library().driver();
  is_mig_ = gpu_->is_mig();
  AskLimits(*gpu_);
  TakeSample(*gpu_, false);
}

void Monitor::Start(std::function<void()> on_end) {
  // The thread shuts NVML, and lets go of `on_end` only after it was called.
  thread_ = std::thread([this, gpu = std::move(gpu_), on_end = std::move(on_end)]() mutable {
    if (ended_by_.empty()) Run(*gpu);
    gpu.reset();
    if (on_end) on_end();
  });
}

void Monitor::AskLimits(const Gpu& gpu) {
  const Reading sm = gpu.MaxClock(kClockSm);
  if (sm.result == kSuccess) {
    max_sm_clock_mhz_ = sm.value;
  } else {
    missing_limits_["maxSmClockMhz"] = sm.reason;
  }
  const Reading memory = gpu.MaxClock(kClockMemory);
  if (memory.result == kSuccess) {
    max_memory_clock_mhz_ = memory.value;
  } else {
    missing_limits_["maxMemoryClockMhz"] = memory.reason;
  }
}

bool Monitor::TakeSample(const Gpu& gpu, bool is_last) {
  Sample sample;
  SensorStates states = states_;
  std::string ended_by;
  sample.time_ms = SteadyMilliseconds();
  for (size_t i = 0; i < kSensorCount && ended_by.empty(); i++) {
    sample.values[i] = kNaN;
    if (states[i].is_missing) continue;
    const Reading reading = gpu.Read(static_cast<Sensor>(i));
    if (reading.result == kSuccess) {
      sample.values[i] = reading.value;
      states[i].has_value = true;
      continue;
    }
    states[i].reason = reading.reason;
    states[i].is_missing = !states[i].has_value && IsPermanent(reading.result);
    if (IsLost(reading.result)) ended_by = reading.reason;
  }
  const bool has_counter = !states[static_cast<size_t>(Sensor::kEnergy)].is_missing;
  sample[Sensor::kEnergy] = has_counter ? energy_.ByCounter(sample[Sensor::kEnergy])
                                        : energy_.ByPower(sample.time_ms, sample[Sensor::kPower]);
  const std::lock_guard<std::mutex> lock(mutex_);
  states_ = std::move(states);
  ended_by_ = ended_by;
  // Half a sample of a device that is gone says nothing.
  if (!ended_by.empty()) return false;
  if (is_last) {
    samples_.AddLast(sample);
  } else {
    samples_.Add(sample);
  }
  return true;
}

void Monitor::Run(const Gpu& gpu) {
  auto due = Clock::now() + interval_;
  std::unique_lock<std::mutex> lock(mutex_);
  while (!wake_.wait_until(lock, due, [this] { return is_stopping_; })) {
    lock.unlock();
    if (!TakeSample(gpu, false)) return;
    // A sample that came late is not followed by a burst.
    const auto now = Clock::now();
    due += interval_;
    if (due <= now) due += ((now - due) / interval_ + 1) * interval_;
    lock.lock();
  }
  lock.unlock();
  TakeSample(gpu, true);
}

Readings Monitor::Read() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  Readings readings;
  readings.interval_ms = static_cast<double>(interval_.count()) * static_cast<double>(samples_.stride());
  readings.samples = samples_.kept();
  readings.max_sm_clock_mhz = max_sm_clock_mhz_;
  readings.max_memory_clock_mhz = max_memory_clock_mhz_;
  readings.missing = missing_limits_;
  readings.ended_by = ended_by_;
  const SensorState& counter = states_[static_cast<size_t>(Sensor::kEnergy)];
  const SensorState& power = states_[static_cast<size_t>(Sensor::kPower)];
  if (counter.has_value) {
    readings.energy_source = "counter";
  } else if (counter.is_missing && power.has_value) {
    readings.energy_source = "power";
  }
  for (size_t i = 0; i < kSensorCount; i++) {
    const auto sensor = static_cast<Sensor>(i);
    const bool is_there = sensor == Sensor::kEnergy ? !readings.energy_source.empty() : states_[i].has_value;
    if (is_there) {
      readings.sensors.push_back(sensor);
    } else {
      // A device that was lost at the first sample was not asked for the rest.
      readings.missing[SensorName(sensor)] = states_[i].reason.empty() ? ended_by_ : states_[i].reason;
    }
  }
  return readings;
}

void Monitor::RequestStop() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    is_stopping_ = true;
  }
  wake_.notify_all();
}

void Monitor::Stop() {
  RequestStop();
  const std::lock_guard<std::mutex> lock(join_mutex_);
  if (thread_.joinable()) thread_.join();
}

}  // namespace trtn::nvml
