// SPDX-License-Identifier: Apache-2.0
// The tests' side of the stand-in driver (test/standin/driver): opens it, orders what it shall do, asks what
// happened.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "cuda/device.h"

namespace trtn::cuda {

/// Path of the stand-in's libcuda.so.1.
std::string StandinDriverPath();
/// Sends a request and returns the answer's JSON. The requests are listed in test/standin/driver/control.cc.
std::string StandinControl(const std::string& request);
/// How often an entry was called since the last "reset".
int StandinCalls(const std::string& entry);
/// Calls of all entries since the last "reset".
int StandinTotalCalls();
/// Puts a kernel on a stream; `run` is called on a thread of the stand-in. Returns the driver's result.
Result StandinLaunch(StreamHandle stream, std::function<void()> run, double duration_us = 0);

/// Starts each test with a fresh stand-in of two devices, and ends it with the demand that everything was
/// given back and nothing was done that real hardware would not forgive.
class StandinTest : public testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;
  static std::shared_ptr<Device> OpenDevice(int ordinal = 0);
  /// The error that `run` throws; fails the test and returns an empty one if it throws none.
  static Error ErrorOf(const std::function<void()>& run);
  /// A detail's first value, "" if there is none.
  static std::string Detail(const Error& error, const std::string& name);
};

/// With the first device current, and its driver's entry points to call.
class StandinDeviceTest : public StandinTest {
 protected:
  void SetUp() override;
  void TearDown() override;
  /// Holds a stream until Open().
  void Block(StreamHandle stream);
  void Open() { is_open_ = true; }

  std::shared_ptr<Device> device_;
  std::unique_ptr<ScopedDevice> scope_;
  const DriverApi* api_ = nullptr;
  std::atomic<bool> is_open_{false};
};

}  // namespace trtn::cuda
