// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "nvml/gpu.h"
#include "nvml/samples.h"

namespace trtn::nvml {

/// Which device to watch, and how often.
struct MonitorRequest {
  /// Empty: libnvidia-ml.so.1.
  std::string library;
  /// As the CUDA driver tells them; either may be empty.
  std::string uuid;
  std::string pci_bus_id;
  std::chrono::milliseconds interval{100};
  /// The most samples that are kept; even.
  size_t capacity = 8192;
};

/// What was sampled.
struct Readings {
  /// Between samples that are kept.
  double interval_ms = 0;
  std::vector<Sample> samples;
  /// Sensors whose values are to be used; the others are in `missing`.
  std::vector<Sensor> sensors;
  /// "counter" or "power"; empty where neither is.
  std::string energy_source;
  std::optional<double> max_sm_clock_mhz;
  std::optional<double> max_memory_clock_mhz;
  /// Name -> the driver's reason.
  std::map<std::string, std::string> missing;
  /// Why sampling ended before it was stopped; empty if it did not.
  std::string ended_by;
};

/// Samples the sensors of a GPU on a thread of its own. NVML is called by that thread, and before by the one
/// that makes the monitor; never by those that read or stop a monitor that was started. Thread-safe.
class Monitor {
 public:
  /// Opens NVML and takes the first sample; blocks for that. Throws ERR_TRT_LOAD_NVML_NOT_FOUND and
  /// ERR_TRT_RUN_DEVICE.
  explicit Monitor(const MonitorRequest& request);
  /// Stops.
  ~Monitor() { Stop(); }
  Monitor(const Monitor&) = delete;
  Monitor& operator=(const Monitor&) = delete;

  const std::string& name() const { return name_; }
  const std::string& driver() const { return driver_; }
  bool is_mig() const { return is_mig_; }

  /// Starts the thread that takes the other samples; once. `on_end` is the last thing that it does.
  void Start(std::function<void()> on_end = {});
  /// What there is so far; at once.
  Readings Read() const;
  /// Asks the thread to take a last sample and to end; at once.
  void RequestStop();
  /// RequestStop(), and waits until the thread has ended.
  void Stop();

 private:
  /// What is known of a sensor.
  struct SensorState {
    bool has_value = false;
    /// Not asked any more.
    bool is_missing = false;
    std::string reason;
  };
  using SensorStates = std::array<SensorState, kSensorCount>;

  void Run(const Gpu& gpu);
  /// Asks all sensors; false if the device is lost.
  bool TakeSample(const Gpu& gpu, bool is_last);
  void AskLimits(const Gpu& gpu);

  const std::chrono::milliseconds interval_;
  /// Goes to the thread.
  std::unique_ptr<const Gpu> gpu_;
  std::string name_;
  std::string driver_;
  bool is_mig_ = false;

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  bool is_stopping_ = false;
  Samples samples_;
  /// Written under the mutex, by the sampling thread alone.
  SensorStates states_;
  /// The sampling thread's.
  EnergyMeter energy_;
  std::optional<double> max_sm_clock_mhz_;
  std::optional<double> max_memory_clock_mhz_;
  std::map<std::string, std::string> missing_limits_;
  std::string ended_by_;

  std::mutex join_mutex_;
  std::thread thread_;
};

}  // namespace trtn::nvml
