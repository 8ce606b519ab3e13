// SPDX-License-Identifier: Apache-2.0
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <functional>
#include <string>
#include <thread>

#include "core/error.h"
#include "nvml/monitor.h"

namespace trtn::nvml {
namespace {

const std::string kFolder = TRTN_TEST_STANDIN_DIR;
const std::string kStandin = kFolder + "/nvml/libnvidia-ml.so.1";
const std::string kOldStandin = kFolder + "/nvml-old/libnvidia-ml.so.1";
constexpr char kUuid[] = "GPU-00102030-4050-6070-8090-a0b0c0d0e0f0";
constexpr char kMigUuid[] = "MIG-00102030-4050-6070-8090-a0b0c0d0e0f0";
constexpr char kPciBusId[] = "0000:17:00.0";

/// Asks a stand-in; the requests are listed in test/standin/nvml/script.cc.
std::string Control(const std::string& request, const std::string& library = kStandin) {
  void* handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) return std::string("no stand-in: ") + dlerror();
  auto* control = reinterpret_cast<char* (*)(const char*)>(dlsym(handle, "trtn_standin_control"));
  char* answer = control(request.c_str());
  std::string text = answer;
  std::free(answer);
  return text;
}

/// The number of a key in the answer to "calls".
int Count(const std::string& key, const std::string& library = kStandin) {
  const std::string text = Control("calls", library);
  const size_t at = text.find("\"" + key + "\":");
  return at == std::string::npos ? 0 : std::atoi(text.c_str() + at + key.size() + 3);
}

MonitorRequest Request(const std::string& library = kStandin) {
  MonitorRequest request;
  request.library = library;
  request.uuid = kUuid;
  request.pci_bus_id = kPciBusId;
  // Long enough that only the first and the last sample are taken.
  request.interval = std::chrono::hours(1);
  return request;
}

Error ErrorOf(const MonitorRequest& request) {
  try {
    const Monitor monitor(request);
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "nothing was thrown";
  return Error("", "");
}

bool Has(const Readings& readings, Sensor sensor) {
  for (const Sensor there : readings.sensors) {
    if (there == sensor) return true;
  }
  return false;
}

/// Opens a monitor, stops it at once, and gives its two samples.
Readings ReadTwice(const MonitorRequest& request) {
  Monitor monitor(request);
  monitor.Start();
  monitor.Stop();
  return monitor.Read();
}

class Nvml : public testing::Test {
 protected:
  void SetUp() override {
    Control("reset");
    Control("reset", kOldStandin);
  }
  /// Whoever starts NVML ends it, and does not call it before or after.
  void TearDown() override {
    for (const std::string& library : {kStandin, kOldStandin}) {
      EXPECT_EQ(Count("users", library), 0);
      EXPECT_EQ(Count("withoutInit", library), 0);
    }
  }
};

TEST_F(Nvml, GivesTheUnitsOfTheSensorsNames) {
  Control("script nvmlDeviceGetPowerUsage 312500");
  Control("script nvmlDeviceGetCurrentClocksEventReasons 68");
  const Readings readings = ReadTwice(Request());
  ASSERT_EQ(readings.samples.size(), 2u);
  const Sample& sample = readings.samples[0];
  EXPECT_EQ(sample[Sensor::kPower], 312.5);
  EXPECT_EQ(sample[Sensor::kSmClock], 1755);
  EXPECT_EQ(sample[Sensor::kMemoryClock], 2619);
  EXPECT_EQ(sample[Sensor::kTemperature], 45);
  EXPECT_EQ(sample[Sensor::kUtilization], 87);
  EXPECT_EQ(sample[Sensor::kThrottleReasons], 68);
  EXPECT_EQ(sample[Sensor::kMemoryUsed], double{10ULL << 30});
  EXPECT_EQ(readings.max_sm_clock_mhz, 1980);
  EXPECT_EQ(readings.max_memory_clock_mhz, 2619);
  EXPECT_EQ(readings.sensors.size(), kSensorCount);
  EXPECT_TRUE(readings.missing.empty());
  EXPECT_LE(sample.time_ms, readings.samples[1].time_ms);
}

TEST_F(Nvml, TellsWhichDeviceItIs) {
  const Monitor monitor(Request());
  EXPECT_EQ(monitor.name(), "Stand-in GPU 0");
  EXPECT_EQ(monitor.driver(), "580.65.06");
  EXPECT_FALSE(monitor.is_mig());
}

TEST_F(Nvml, TakesEnergyFromTheCounter) {
  Control("script nvmlDeviceGetTotalEnergyConsumption 7000000,7012500");
  const Readings readings = ReadTwice(Request());
  EXPECT_EQ(readings.energy_source, "counter");
  EXPECT_EQ(readings.samples[0][Sensor::kEnergy], 0);
  EXPECT_EQ(readings.samples[1][Sensor::kEnergy], 12.5);
}

TEST_F(Nvml, IntegratesPowerWhereThereIsNoCounter) {
  Control("script nvmlDeviceGetTotalEnergyConsumption !3");
  Control("script nvmlDeviceGetPowerUsage 100000,300000");
  const Readings readings = ReadTwice(Request());
  EXPECT_EQ(readings.energy_source, "power");
  ASSERT_EQ(readings.samples.size(), 2u);
  const double seconds = (readings.samples[1].time_ms - readings.samples[0].time_ms) / 1e3;
  EXPECT_DOUBLE_EQ(readings.samples[1][Sensor::kEnergy], 200 * seconds);
  EXPECT_EQ(readings.missing.count("energyJoules"), 0u);
}

TEST_F(Nvml, SaysWhyASensorIsMissing) {
  Control("script nvmlDeviceGetPowerUsage !3");
  Control("script nvmlDeviceGetTotalEnergyConsumption !4");
  Control("script nvmlDeviceGetMaxClockInfo:1 !3");
  const Readings readings = ReadTwice(Request());
  EXPECT_EQ(readings.missing.at("powerW"), "nvmlDeviceGetPowerUsage returned 3 (Not Supported)");
  EXPECT_EQ(readings.missing.at("energyJoules"),
            "nvmlDeviceGetTotalEnergyConsumption returned 4 (Insufficient Permissions)");
  EXPECT_EQ(readings.missing.at("maxSmClockMhz"), "nvmlDeviceGetMaxClockInfo returned 3 (Not Supported)");
  EXPECT_FALSE(Has(readings, Sensor::kPower));
  EXPECT_FALSE(Has(readings, Sensor::kEnergy));
  EXPECT_TRUE(Has(readings, Sensor::kTemperature));
  EXPECT_TRUE(readings.energy_source.empty());
  EXPECT_FALSE(readings.max_sm_clock_mhz.has_value());
  // What a device does not have is asked for once.
  EXPECT_EQ(Count("nvmlDeviceGetPowerUsage"), 1);
  EXPECT_EQ(Count("nvmlDeviceGetTemperature"), 2);
}

TEST_F(Nvml, LeavesAGapForAReadingThatFails) {
  Control("script nvmlDeviceGetTemperature 50,!10");
  Control("script nvmlDeviceGetUtilizationRates !10,30");
  const Readings readings = ReadTwice(Request());
  EXPECT_EQ(readings.samples[0][Sensor::kTemperature], 50);
  EXPECT_TRUE(std::isnan(readings.samples[1][Sensor::kTemperature]));
  EXPECT_TRUE(std::isnan(readings.samples[0][Sensor::kUtilization]));
  EXPECT_EQ(readings.samples[1][Sensor::kUtilization], 30);
  EXPECT_TRUE(readings.missing.empty());
}

TEST_F(Nvml, WorksWithALibraryThatLacksEntryPoints) {
  Control("script nvmlDeviceGetCurrentClocksThrottleReasons 8", kOldStandin);
  const Readings readings = ReadTwice(Request(kOldStandin));
  EXPECT_EQ(readings.samples[0][Sensor::kThrottleReasons], 8);
  EXPECT_EQ(readings.energy_source, "power");
  EXPECT_TRUE(readings.missing.empty());
}

TEST_F(Nvml, AsksForThrottleReasonsUnderTheirOldName) {
  Control("script nvmlDeviceGetCurrentClocksEventReasons !13");
  Control("script nvmlDeviceGetCurrentClocksThrottleReasons 4");
  EXPECT_EQ(ReadTwice(Request()).samples[0][Sensor::kThrottleReasons], 4);
}

TEST_F(Nvml, ReadsTheGpuAroundAMigInstance) {
  MonitorRequest request = Request();
  request.uuid = kMigUuid;
  Monitor monitor(request);
  monitor.Start();
  monitor.Stop();
  const Readings readings = monitor.Read();
  EXPECT_TRUE(monitor.is_mig());
  EXPECT_EQ(monitor.name(), "Stand-in GPU 0 MIG 1g.10gb");
  EXPECT_EQ(readings.samples[0][Sensor::kPower], 250);
  EXPECT_EQ(readings.samples[0][Sensor::kMemoryUsed], double{1 << 30});
  EXPECT_EQ(readings.missing.at("utilizationPercent"),
            "nvmlDeviceGetUtilizationRates returned 3 (Not Supported)");
  EXPECT_EQ(readings.missing.size(), 1u);
}

TEST_F(Nvml, DoesNotTakeTheGpusMemoryAndUseForThoseOfAnInstance) {
  Control("script nvmlDeviceGetHandleByUUID !6");
  MonitorRequest request = Request();
  request.uuid = kMigUuid;
  const Readings readings = ReadTwice(request);
  for (const char* own : {"memoryUsedBytes", "utilizationPercent"})
    EXPECT_NE(readings.missing.at(own).find("only the GPU around it"), std::string::npos);
  EXPECT_EQ(readings.samples[0][Sensor::kPower], 250);
}

TEST_F(Nvml, FindsADeviceByItsPciAddress) {
  MonitorRequest request = Request();
  request.uuid = "";
  request.pci_bus_id = "0000:18:00.0";
  EXPECT_EQ(Monitor(request).name(), "Stand-in GPU 1");
}

TEST_F(Nvml, RefusesADeviceThatItDoesNotKnow) {
  MonitorRequest request = Request();
  request.uuid = "GPU-ffffffff-0000-0000-0000-000000000000";
  request.pci_bus_id = "0000:99:00.0";
  const Error error = ErrorOf(request);
  EXPECT_EQ(error.code(), "ERR_TRT_RUN_DEVICE");
  const std::string message = error.what();
  EXPECT_NE(message.find(request.uuid + ": nvmlDeviceGetHandleByUUID returned 6 (Not Found)"),
            std::string::npos);
  EXPECT_NE(message.find("0000:99:00.0: nvmlDeviceGetHandleByPciBusId_v2 returned 6"), std::string::npos);
  request.uuid = request.pci_bus_id = "";
  EXPECT_EQ(ErrorOf(request).code(), "ERR_TRT_RUN_DEVICE");
}

TEST_F(Nvml, NamesALibraryThatIsNotThere) {
  const Error error = ErrorOf(Request("/nowhere/libnvidia-ml.so.1"));
  EXPECT_EQ(error.code(), "ERR_TRT_LOAD_NVML_NOT_FOUND");
  EXPECT_NE(std::string(error.what()).find("/nowhere/libnvidia-ml.so.1: cannot open"), std::string::npos);
  EXPECT_EQ(std::get<std::string>(error.details.at(0).second), "/nowhere/libnvidia-ml.so.1");
}

TEST_F(Nvml, RefusesALibraryThatIsSomethingElse) {
  const Error error = ErrorOf(Request(kFolder + "/not-nvml/libnvidia-ml.so.1"));
  EXPECT_EQ(error.code(), "ERR_TRT_LOAD_NVML_NOT_FOUND");
  EXPECT_NE(std::string(error.what()).find("not an NVML library"), std::string::npos);
}

TEST_F(Nvml, SaysWhyNvmlDoesNotStart) {
  Control("script nvmlInit_v2 !18");
  const Error error = ErrorOf(Request());
  EXPECT_EQ(error.code(), "ERR_TRT_LOAD_NVML_NOT_FOUND");
  EXPECT_EQ(error.where(), "nvmlInit_v2");
  EXPECT_NE(std::string(error.what()).find("18 (RM has detected an NVML/RM version mismatch)"),
            std::string::npos);
}

TEST_F(Nvml, SamplesUntilItIsStopped) {
  MonitorRequest request = Request();
  request.interval = std::chrono::milliseconds(1);
  Monitor monitor(request);
  monitor.Start();
  while (Count("nvmlDeviceGetTemperature") < 10) std::this_thread::yield();
  monitor.Stop();
  const auto asked = static_cast<size_t>(Count("nvmlDeviceGetTemperature"));
  const Readings readings = monitor.Read();
  EXPECT_EQ(readings.samples.size(), asked);
  EXPECT_EQ(readings.interval_ms, 1);
  for (size_t i = 1; i < readings.samples.size(); i++) {
    EXPECT_LT(readings.samples[i - 1].time_ms, readings.samples[i].time_ms);
    EXPECT_EQ(readings.samples[i][Sensor::kEnergy], 25.0 * static_cast<double>(i));
  }
  monitor.Stop();
  EXPECT_EQ(static_cast<size_t>(Count("nvmlDeviceGetTemperature")), asked);
}

TEST_F(Nvml, HasOneSampleUntilItIsStarted) {
  Monitor monitor(Request());
  monitor.Stop();
  EXPECT_EQ(monitor.Read().samples.size(), 1u);
}

TEST_F(Nvml, KeepsMemoryBoundedAndEnergyExact) {
  MonitorRequest request = Request();
  request.interval = std::chrono::milliseconds(1);
  request.capacity = 8;
  Monitor monitor(request);
  monitor.Start();
  while (Count("nvmlDeviceGetTemperature") < 20) std::this_thread::yield();
  monitor.Stop();
  const Readings readings = monitor.Read();
  EXPECT_LE(readings.samples.size(), 9u);
  EXPECT_GE(readings.interval_ms, 4);
  EXPECT_EQ(readings.samples.back()[Sensor::kEnergy], 25.0 * (Count("nvmlDeviceGetTemperature") - 1));
}

TEST_F(Nvml, EndsWithADeviceThatIsLost) {
  MonitorRequest request = Request();
  request.interval = std::chrono::milliseconds(1);
  Control("script nvmlDeviceGetPowerUsage 100000,200000,!15");
  bool has_ended = false;
  Monitor monitor(request);
  monitor.Start([&] { has_ended = true; });
  while (Count("nvmlShutdown") == 0) std::this_thread::yield();
  monitor.Stop();
  const Readings readings = monitor.Read();
  EXPECT_TRUE(has_ended);
  EXPECT_EQ(readings.ended_by, "nvmlDeviceGetPowerUsage returned 15 (GPU is lost)");
  EXPECT_EQ(readings.samples.size(), 2u);
  EXPECT_EQ(readings.samples[1][Sensor::kPower], 200);
}

TEST_F(Nvml, IsLostFromTheStart) {
  Control("script nvmlDeviceGetPowerUsage !15");
  const Readings readings = ReadTwice(Request());
  EXPECT_EQ(readings.ended_by, "nvmlDeviceGetPowerUsage returned 15 (GPU is lost)");
  EXPECT_TRUE(readings.samples.empty());
  EXPECT_EQ(readings.missing.size(), kSensorCount);
  for (const auto& [name, reason] : readings.missing) EXPECT_EQ(reason, readings.ended_by) << name;
}

TEST_F(Nvml, SeveralMonitorsShareTheLibrary) {
  Monitor one(Request());
  one.Start();
  MonitorRequest request = Request();
  request.uuid = "GPU-01112131-4151-6171-8191-a1b1c1d1e1f1";
  Monitor other(request);
  EXPECT_EQ(Count("users"), 2);
  one.Stop();
  EXPECT_EQ(Count("users"), 1);
  EXPECT_EQ(other.name(), "Stand-in GPU 1");
}

Sample At(double time_ms) {
  Sample sample;
  sample.time_ms = time_ms;
  return sample;
}

std::vector<double> Times(const Samples& samples) {
  std::vector<double> times;
  for (const Sample& sample : samples.kept()) times.push_back(sample.time_ms);
  return times;
}

TEST(NvmlSamples, DropEverySecondOneWhenFull) {
  Samples samples(4);
  for (int i = 0; i < 4; i++) samples.Add(At(i));
  EXPECT_EQ(Times(samples), (std::vector<double>{0, 1, 2, 3}));
  EXPECT_EQ(samples.stride(), 1u);
  for (int i = 4; i < 8; i++) samples.Add(At(i));
  EXPECT_EQ(Times(samples), (std::vector<double>{0, 2, 4, 6}));
  EXPECT_EQ(samples.stride(), 2u);
  for (int i = 8; i < 20; i++) samples.Add(At(i));
  EXPECT_EQ(Times(samples), (std::vector<double>{0, 8, 16}));
  EXPECT_EQ(samples.stride(), 8u);
}

TEST(NvmlSamples, KeepTheLastOne) {
  Samples samples(4);
  for (int i = 0; i < 6; i++) samples.Add(At(i));
  samples.AddLast(At(6.5));
  EXPECT_EQ(Times(samples), (std::vector<double>{0, 2, 4, 6.5}));
  samples.AddLast(At(7));
  EXPECT_EQ(Times(samples), (std::vector<double>{0, 4, 7}));
}

TEST(NvmlEnergy, IsTheAreaUnderThePower) {
  EnergyMeter meter;
  EXPECT_EQ(meter.ByPower(1000, 100), 0);
  EXPECT_EQ(meter.ByPower(2000, 200), 150);
  EXPECT_TRUE(std::isnan(meter.ByPower(2500, std::nan(""))));
  EXPECT_EQ(meter.ByPower(3000, 400), 450);
}

TEST(NvmlEnergy, IsNotNegativeWhenACounterStartsAnew) {
  EnergyMeter meter;
  EXPECT_EQ(meter.ByCounter(5000), 0);
  EXPECT_EQ(meter.ByCounter(5010), 10);
  EXPECT_TRUE(std::isnan(meter.ByCounter(3)));
}

}  // namespace
}  // namespace trtn::nvml
